#include "rotate/archiving.h"

#include <sys/stat.h>

#include <string>

#include "rotate/recovery.h"
#include "rotate/stocked.h"
#include "store/archive_reader.h"
#include "store/times.h"
#include "support/temp_dir.h"

using namespace rotate_test;

namespace {

namespace fs = base::fs;

struct Place {
  support::TempDir dir;
  std::string archive = store::archive_dir(dir.path(), "api");

  std::string put(const std::string& name, std::string_view text) const {
    return rotate_test::put(fs::join(archive, name), text);
  }
  store::Segment only() const {
    const auto segments = store::list_segments(dir.path(), "api");
    REQUIRE(segments);
    REQUIRE(segments->size() == 1);
    return segments->front();
  }
  std::string names() const {
    const auto found = fs::list_dir(archive);
    REQUIRE(found);
    std::string text;
    for (const auto& name : *found) text += name + "\n";
    return text;
  }
};

constexpr const char* kLog = "out.0000000001.20261121T101502Z.log";
constexpr const char* kRaw = "out.0000000001.20261121T101502Z.raw.log";

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += base::format_stamp({kNow.us + i * 1000}) + " line " +
            std::to_string(i) + " of many\n";
  return text;
}

std::string unpacked(const std::string& path) {
  auto fd = fs::open(path, O_RDONLY);
  REQUIRE(fd);
  auto reader = store::ArchiveReader::open(std::move(*fd), path);
  REQUIRE(reader);
  std::string text;
  std::string frame;
  for (size_t i = 0; i < reader->frames().size(); ++i) {
    const auto read = reader->read_frame(i, frame);
    REQUIRE_MESSAGE(read, read.error().message);
    text += frame;
  }
  CHECK(reader->problems().empty());
  return text;
}

}  // namespace

TEST_CASE("an archive has the segment's bytes, mode and time of last change") {
  const Place place;
  const std::string text = lines(50'000);
  const auto path = place.put(kLog, text);
  REQUIRE(fs::set_mode(path, 0640));
  auto fd = fs::open(path, O_RDONLY);
  REQUIRE(fs::set_modified(fd->get(), {1'700'000'000, 5'000}, path));
  const auto made = rotate::archive_segment(place.only(), {}, {});
  REQUIRE_MESSAGE(made, made.error().message);
  CHECK(made->path == path + ".zst");
  CHECK(made->raw == text.size());
  CHECK(made->lines == 50'000);
  CHECK(place.names() == std::string(kLog) + ".zst\n");
  const auto info = fs::stat(made->path);
  REQUIRE(info);
  CHECK(made->stored == static_cast<uint64_t>(info->st_size));
  CHECK((info->st_mode & 07777) == 0640);
  CHECK(info->st_mtim.tv_sec == 1'700'000'000);
  CHECK(unpacked(made->path) == text);
}

TEST_CASE("an archive of unstamped lines has their times, also made anew") {
  const Place place;
  const auto path = place.put(kRaw, "one\ntwo\nthree\n");
  {
    auto times = store::TimesFile::open(store::sidecar_name(path));
    REQUIRE(times);
    REQUIRE(times->append(0, kNow));
    REQUIRE(times->append(4, {kNow.us + 1}));
    REQUIRE(times->append(8, {kNow.us - 5}));
  }
  const std::vector<store::TimeEntry> expected = {
      {0, kNow}, {4, {kNow.us + 1}}, {8, {kNow.us - 5}}};
  const auto check = [&] {
    CHECK(place.names() == std::string(kRaw) + ".zst\n");
    CHECK(unpacked(path + ".zst") == "one\ntwo\nthree\n");
    auto fd = fs::open(path + ".zst", O_RDONLY);
    auto reader = store::ArchiveReader::open(std::move(*fd), path);
    REQUIRE(reader);
    CHECK(reader->times() == expected);
    CHECK(reader->stamped() == false);
  };
  REQUIRE(rotate::archive_segment(place.only(), {}, {}));
  check();
  store::ArchiveOptions cold;
  cold.level = 9;
  const auto info = fs::stat(path + ".zst");
  REQUIRE(rotate::recompress(place.only(), cold, {}));
  check();
  CHECK(fs::stat(path + ".zst")->st_mtim.tv_nsec == info->st_mtim.tv_nsec);
  CHECK(fs::stat(path + ".zst")->st_ino != info->st_ino);
}

TEST_CASE("archiving that is told to stop leaves the segment as it was") {
  const Place place;
  const std::string text = lines(50'000);
  place.put(kLog, text);
  store::ArchiveOptions small;
  small.frame_size = 100'000;
  int frames = 0;
  const auto made = rotate::archive_segment(place.only(), small,
                                            [&] { return ++frames < 3; });
  REQUIRE_FALSE(made);
  CHECK(made.error().code == base::Errc::Unavailable);
  CHECK(place.names() == std::string(kLog) + "\n");
  REQUIRE(rotate::archive_segment(place.only(), small, {}));
  frames = 0;
  const auto again =
      rotate::recompress(place.only(), small, [&] { return ++frames < 3; });
  REQUIRE_FALSE(again);
  CHECK(place.names() == std::string(kLog) + ".zst\n");
  CHECK(unpacked(place.only().path) == text);
}

TEST_CASE("a damaged archive is not made anew") {
  const Place place;
  const auto path = place.put(kLog, lines(50'000));
  REQUIRE(rotate::archive_segment(place.only(), {}, {}));
  auto bytes = fs::read_file(path + ".zst");
  REQUIRE(bytes);
  (*bytes)[bytes->size() / 3] ^= 0x40;
  REQUIRE(fs::replace_file(path + ".zst", *bytes));
  const auto made = rotate::recompress(place.only(), {}, {});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == base::Errc::Invalid);
  CHECK(fs::read_file(path + ".zst").value() == *bytes);
  CHECK(place.names() == std::string(kLog) + ".zst\n");
}

TEST_CASE("what is no segment is not archived") {
  const Place place;
  REQUIRE(fs::make_dirs(place.archive));
  store::Segment segment;
  segment.path = fs::join(place.archive, kLog);
  segment.sequence = 1;
  SUBCASE("missing") {}
  SUBCASE("a FIFO") {
    REQUIRE(::mkfifo(segment.path.c_str(), 0600) == 0);
  }
  SUBCASE("a link") {
    place.put("elsewhere", "x");
    REQUIRE(::symlink("elsewhere", segment.path.c_str()) == 0);
  }
  SUBCASE("an archive") {
    segment.compressed = true;
  }
  CHECK_FALSE(rotate::archive_segment(segment, {}, {}));
}

TEST_CASE("each file that is removed is told, those of other places too") {
  const Place place;
  const Place other;
  std::vector<rotate::Removal> removals(3);
  removals[0].file.path = place.put(kLog, "1");
  removals[1].file.path = other.put(kLog, "1");
  removals[2].file.path =
      place.put("out.0000000002.20261121T101502Z.log.zst", "2");
  std::vector<std::string> told;
  REQUIRE(rotate::remove_stored(removals, [&](const rotate::Removal& removal) {
    told.push_back(removal.file.path);
  }));
  CHECK(told == std::vector{removals[0].file.path, removals[2].file.path,
                            removals[1].file.path});
  CHECK(place.names() == ".out.sequence\n");
  CHECK(store::next_sequence(place.dir.path(),
                             {"api", store::SegmentKind::Out, 0})
            .value() == 3);
}

TEST_CASE("a directory in a file's place fails alone") {
  const Place place;
  const Place other;
  std::vector<rotate::Removal> removals(2);
  removals[0].file.path = fs::join(place.archive, kLog);
  REQUIRE(fs::make_dirs(removals[0].file.path));
  removals[1].file.path = other.put(kLog, "1");
  size_t told = 0;
  CHECK_FALSE(rotate::remove_stored(removals, [&](const auto&) { ++told; }));
  CHECK(told == 1);
  CHECK_FALSE(fs::exists(removals[1].file.path));
}

// --- recovery ----------------------------------------------------------------

TEST_CASE("recovery cleans the directories of all apps and of nobody else") {
  const support::TempDir logs;
  const support::TempDir other;
  store::Catalog catalog;
  catalog.apps = {catalog_app("api"), catalog_app("old")};
  catalog.apps[1].deleted = kNow;
  catalog.apps[0].instances[0].out_file = other.file("my.raw.log");
  const std::string ending = ".tmp-0123456789abcdef";
  const std::vector<std::string> ours = {
      put(logs.file(".api-error.log" + ending), ""),
      put(logs.file("archive/old/.out.0000000001.20261121T101502Z.log.zst" +
                    ending),
          ""),
      put(other.file(".my.raw.log" + ending), ""),
      put(other.file(".my.raw.idx" + ending), ""),
      put(other.file("archive/api/.out.sequence" + ending), "")};
  const std::vector<std::string> theirs = {
      put(other.file(".other.log" + ending), ""),
      put(other.file("my.raw.log"), ""),
      put(other.file("archive/nobody/.x" + ending), ""),
      put(logs.file("archive/nobody/.x" + ending), "")};
  const auto recovered = rotate::recover(logs.path(), catalog);
  CHECK(recovered.problems.empty());
  CHECK(recovered.leftovers.size() == ours.size());
  for (const auto& path : ours) CHECK_FALSE(fs::exists(path));
  for (const auto& path : theirs) CHECK(fs::exists(path));
}

TEST_CASE("of an archive and its segment the archive stays if it is whole") {
  const Place place;
  const std::string text = lines(1000);
  const auto path = place.put(kLog, text);
  REQUIRE(rotate::archive_segment(place.only(), {}, {}));
  const auto bytes = fs::read_file(path + ".zst");
  REQUIRE(bytes);
  place.put(kLog, text);
  SUBCASE("whole") {
    const auto recovered = rotate::recover_archives(place.archive);
    CHECK(recovered.finished == std::vector{path + ".zst"});
    CHECK(place.names() == std::string(kLog) + ".zst\n");
    return;
  }
  SUBCASE("cut") {
    place.put(std::string(kLog) + ".zst",
              std::string_view(*bytes).substr(0, bytes->size() - 1));
  }
  SUBCASE("empty") {
    place.put(std::string(kLog) + ".zst", "");
  }
  SUBCASE("zeros") {
    place.put(std::string(kLog) + ".zst", std::string(bytes->size(), '\0'));
  }
  SUBCASE("of another text") {
    place.put(kLog, text + "more\n");
  }
  const auto recovered = rotate::recover_archives(place.archive);
  CHECK(recovered.undone == std::vector{path + ".zst"});
  CHECK(place.names() == std::string(kLog) + "\n");
}

TEST_CASE("the sidecar of a seal that was cut short waits for its log") {
  const Place place;
  place.put("out.0000000001.20261121T101502Z.raw.idx", "of an older one");
  place.put("out.0000000002.20261121T101502Z.raw.log", "x");
  place.put("out.0000000002.20261121T101502Z.raw.idx", "x");
  place.put("out.0000000003.20261121T101502Z.raw.idx", "of a seal");
  CHECK(rotate::recover_archives(place.archive).leftovers.size() == 1);
  CHECK(place.names() ==
        "out.0000000002.20261121T101502Z.raw.idx\n"
        "out.0000000002.20261121T101502Z.raw.log\n"
        "out.0000000003.20261121T101502Z.raw.idx\n");
}
