#include "store/segments.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "store/live_file.h"
#include "support/temp_dir.h"

namespace fs = base::fs;
using store::Segment;
using store::SegmentKind;
using store::SegmentOwner;

namespace {

const base::Timestamp kFirst =
    base::parse_stamp("2026-11-21T10:15:02.123456Z").value();
const SegmentOwner kOut{"api", SegmentKind::Out, 0};

std::string names(const std::string& dir) {
  std::string found;
  const auto segments = store::list_segments(dir, "api");
  for (const auto& segment : *segments)
    found += fs::base_name(segment.path) + "\n";
  return found;
}

// The next segment of `owner`, with a file there.
Segment seal(const std::string& dir, const SegmentOwner& owner) {
  auto path =
      store::next_segment_path(fs::join(dir, "api-out.log"), owner, kFirst);
  REQUIRE(path);
  REQUIRE(fs::open(*path, O_WRONLY | O_CREAT | O_EXCL));
  auto segment = store::parse_segment_name(fs::base_name(*path));
  REQUIRE(segment);
  segment->path = *path;
  return *segment;
}

}  // namespace

TEST_CASE("a segment's name says whose it is, its number and its first stamp") {
  Segment segment;
  segment.sequence = 42;
  segment.first = kFirst;
  CHECK(store::segment_name(segment) == "out.0000000042.20261121T101502Z.log");
  segment.kind = SegmentKind::Error;
  segment.instance = 1;
  segment.sequence = 7;
  segment.compressed = true;
  CHECK(store::segment_name(segment) ==
        "error-1.0000000007.20261121T101502Z.log.zst");
  segment.kind = SegmentKind::All;
  segment.instance = 0;
  segment.sequence = 12'345'678'901;
  segment.compressed = false;
  segment.raw = true;
  CHECK(store::segment_name(segment) ==
        "all.12345678901.20261121T101502Z.raw.log");
}

TEST_CASE("a name is read back only if it was made so, letter by letter") {
  for (const std::string name :
       {"out.0000000042.20261121T101502Z.log",
        "error-1.0000000007.20261121T101502Z.log.zst",
        "all-12.12345678901.20261121T101502Z.raw.log.zst"}) {
    CAPTURE(name);
    const auto segment = store::parse_segment_name(name);
    REQUIRE(segment);
    CHECK(store::segment_name(*segment) == name);
  }
  const auto segment =
      store::parse_segment_name("error-3.0000000042.20261121T101502Z.raw.log");
  REQUIRE(segment);
  CHECK(segment->kind == SegmentKind::Error);
  CHECK(segment->instance == 3);
  CHECK(segment->sequence == 42);
  CHECK(segment->first.us == kFirst.us - 123'456);
  CHECK(segment->raw);
  CHECK_FALSE(segment->compressed);
  for (const std::string name :
       {"",
        "out",
        "out.log",
        "api-out.log",
        "out.42.20261121T101502Z.log",
        "out.0000000000.20261121T101502Z.log",
        "out.+000000042.20261121T101502Z.log",
        "out.0000000042.20261121T101502.log",
        "out.0000000042.20261321T101502Z.log",
        "out.0000000042.20261121T101502Z.log.gz",
        "out.0000000042.20261121T101502Z.log.zst.zst",
        "out.0000000042.20261121T101502Z.raw.raw.log",
        "out.0000000042.20261121T101502Z.raw.idx",
        "out.00000000042.20261121T101502Z.log",
        "out.99999999999999999999.20261121T101502Z.log",
        "out-0.0000000042.20261121T101502Z.log",
        "out-01.0000000042.20261121T101502Z.log",
        "out--1.0000000042.20261121T101502Z.log",
        "out-.0000000042.20261121T101502Z.log",
        "in.0000000042.20261121T101502Z.log",
        ".out.0000000042.20261121T101502Z.log",
        "out.0000000042.20261121T101502Z.log ",
        "out.0000000042..20261121T101502Z.log"}) {
    CAPTURE(name);
    CHECK_FALSE(store::parse_segment_name(name));
  }
}

TEST_CASE(
    "segments are listed by owner and number, an archive for its segment") {
  const support::TempDir dir;
  CHECK(store::list_segments(dir.path(), "api").value().empty());
  const std::string archive = store::archive_dir(dir.path(), "api");
  REQUIRE(fs::make_dirs(archive));
  for (const std::string name :
       {"out-1.0000000002.20261121T101502Z.log",
        "out.0000000010.20260101T000000Z.log",
        "out.0000000009.20261121T101502Z.log",
        "out.0000000009.20261121T101502Z.log.zst",
        "error.0000000001.20261121T101502Z.log", "notes.txt", ".out.sequence"})
    REQUIRE(fs::create_file(fs::join(archive, name), ""));
  CHECK(names(dir.path()) ==
        "out.0000000009.20261121T101502Z.log.zst\n"
        "out.0000000010.20260101T000000Z.log\n"
        "out-1.0000000002.20261121T101502Z.log\n"
        "error.0000000001.20261121T101502Z.log\n");
  CHECK(store::next_sequence(dir.path(), kOut).value() == 11);
  CHECK(
      store::next_sequence(dir.path(), {"api", SegmentKind::Out, 1}).value() ==
      3);
  CHECK(
      store::next_sequence(dir.path(), {"api", SegmentKind::All, 0}).value() ==
      1);
  CHECK(
      store::next_sequence(dir.path(), {"web", SegmentKind::Out, 0}).value() ==
      1);
}

TEST_CASE("an archive's number is not given again") {
  const support::TempDir dir;
  const auto archive = store::archive_dir(dir.path(), "api");
  REQUIRE(fs::make_dirs(archive));
  REQUIRE(fs::create_file(
      fs::join(archive, "out.0000000041.20261121T101502Z.log.zst"), ""));
  CHECK(seal(dir.path(), kOut).sequence == 42);
}

TEST_CASE("the number of a segment that was removed is not given again") {
  const support::TempDir dir;
  CHECK(seal(dir.path(), kOut).sequence == 1);
  const Segment last = seal(dir.path(), kOut);
  SUBCASE("by us") {
    REQUIRE(store::remove_segments(dir.path(), "api",
                                   *store::list_segments(dir.path(), "api")));
  }
  SUBCASE("by us, with the mark of sealing lost") {
    const auto archive = store::archive_dir(dir.path(), "api");
    REQUIRE(fs::unlink(fs::join(archive, ".out.sequence")));
    REQUIRE(store::remove_segments(dir.path(), "api", {last}));
  }
  SUBCASE("by somebody") {
    REQUIRE(fs::unlink(last.path));
  }
  CHECK_FALSE(fs::exists(last.path));
  CHECK(seal(dir.path(), kOut).sequence == 3);
}

TEST_CASE("a torn mark counts for nothing") {
  const support::TempDir dir;
  const Segment first = seal(dir.path(), kOut);
  const auto mark = fs::join(fs::dir_name(first.path), ".out.sequence");
  for (const std::string_view text : {"", "00000000000000", "99999x\n"}) {
    REQUIRE(fs::replace_file(mark, text));
    CHECK(store::next_sequence(dir.path(), kOut).value() == 2);
  }
}

TEST_CASE("a segment goes with its sidecar and what its archiving left") {
  const support::TempDir dir;
  const auto archive = store::archive_dir(dir.path(), "api");
  REQUIRE(fs::make_dirs(archive));
  for (const std::string name : {"out.0000000001.20261121T101502Z.raw.log",
                                 "out.0000000001.20261121T101502Z.raw.idx",
                                 "out.0000000002.20261121T101502Z.log",
                                 "out.0000000002.20261121T101502Z.log.zst",
                                 "out.0000000003.20261121T101502Z.log"})
    REQUIRE(fs::create_file(fs::join(archive, name), ""));
  auto segments = *store::list_segments(dir.path(), "api");
  segments.pop_back();
  REQUIRE(store::remove_segments(dir.path(), "api", segments));
  CHECK(fs::list_dir(archive).value() ==
        std::vector<std::string>{"out.0000000003.20261121T101502Z.log"});
  // The greatest number leaves its mark.
  REQUIRE(store::remove_segments(dir.path(), "api",
                                 *store::list_segments(dir.path(), "api")));
  CHECK(fs::list_dir(archive).value() ==
        std::vector<std::string>{".out.sequence"});
}

TEST_CASE("who keeps the last number still sees those that others gave") {
  const support::TempDir dir;
  const std::string live = dir.file("api-out.log");
  const std::string archive = store::archive_dir(dir.path(), "api");
  std::optional<uint64_t> greatest;
  const auto next = [&] {
    auto path = store::next_segment_path(live, kOut, kFirst, greatest);
    REQUIRE(path);
    return store::parse_segment_name(fs::base_name(*path))->sequence;
  };
  (void)seal(dir.path(), kOut);
  CHECK(next() == 2);
  CHECK(greatest == 2u);
  CHECK(next() == 3);  // whatever became of the second
  CHECK(seal(dir.path(), kOut).sequence == 4);
  CHECK(next() == 5);
  // Not even when somebody removed all that was there.
  const auto there = fs::list_dir(archive);
  REQUIRE(there);
  for (const auto& name : *there) REQUIRE(fs::unlink(fs::join(archive, name)));
  CHECK(next() == 6);
}

TEST_CASE("directories of segments are private; raw files keep their ending") {
  const support::TempDir dir;
  auto path =
      store::next_segment_path(dir.file("x/api-out.raw.log"), kOut, kFirst);
  REQUIRE(path);
  CHECK(*path ==
        dir.file("x/archive/api/out.0000000001.20261121T101502Z.raw.log"));
  CHECK_FALSE(fs::exists(*path));
  for (const std::string made : {"x", "x/archive", "x/archive/api"})
    CHECK((fs::stat(dir.file(made))->st_mode & 07777) == 0700);
}

TEST_CASE("who owns a live file's segments is read from the catalog") {
  store::CatalogApp app;
  app.name = "api";
  app.instances = {{0, 0, "api-out.log", "api-error.log"},
                   {1, 1, "api-out-1.log", "api-error.log"},
                   {2, 2, "/var/log/all.log", "/var/log/all.log"}};
  using Kind = SegmentKind;
  CHECK(store::segment_owner(app, "api-out-1.log") ==
        SegmentOwner{"api", Kind::Out, 1});
  CHECK(store::segment_owner(app, "api-error.log") ==
        SegmentOwner{"api", Kind::Error, 0});
  CHECK(store::segment_owner(app, "/var/log/all.log") ==
        SegmentOwner{"api", Kind::All, 2});
  CHECK_FALSE(store::segment_owner(app, "api-error-1.log"));
}

TEST_CASE("sealing renames the live file and goes on in a new one") {
  const support::TempDir dir;
  const std::string live = dir.file("api-out.log");
  auto file = store::LiveFile::open(live);
  REQUIRE(file);
  REQUIRE(file->write_some("one\n"));
  const auto segment = store::next_segment_path(live, kOut, kFirst);
  REQUIRE(segment);
  CHECK(file->seal(*segment).value() == 4);
  REQUIRE(file->write_some("two\n"));
  CHECK(file->size() == 4);
  CHECK(fs::read_file(*segment).value() == "one\n");
  CHECK(fs::read_file(live).value() == "two\n");
  CHECK(file->standing().value() == store::LiveFile::Standing::InPlace);
}

TEST_CASE("a seal that was cut short is taken up at either step") {
  const support::TempDir dir;
  const std::string live = dir.file("api-out.log");
  const std::string segment = dir.file("segment.log");
  auto file = store::LiveFile::open(live);
  REQUIRE(file->write_some("one\n"));
  SUBCASE("renamed") {
    REQUIRE(file->rename_to(segment));
  }
  SUBCASE("with both names") {
    REQUIRE(fs::link(live, segment));
  }
  REQUIRE(file->rename_to(segment));
  CHECK_FALSE(fs::exists(live));
  REQUIRE(file->reopen());
  REQUIRE(file->write_some("two\n"));
  REQUIRE(file->reopen());
  CHECK(file->size() == 4);
  CHECK(fs::read_file(segment).value() == "one\n");
  CHECK(fs::read_file(live).value() == "two\n");
}

TEST_CASE("sealing overwrites nothing, and takes no file that is not ours") {
  const support::TempDir dir;
  const std::string live = dir.file("api-out.log");
  auto file = store::LiveFile::open(live);
  REQUIRE(file->write_some("one\n"));
  const std::string taken = dir.write("taken.log", "another's\n");
  CHECK(file->rename_to(taken).error().code == base::Errc::Exists);
  CHECK(fs::read_file(taken).value() == "another's\n");
  CHECK(fs::read_file(live).value() == "one\n");
  REQUIRE(fs::replace_file(live, "moved here from outside\n"));
  const std::string free = dir.file("free.log");
  CHECK(file->rename_to(free).error().code == base::Errc::NotFound);
  CHECK_FALSE(fs::exists(free));
}
