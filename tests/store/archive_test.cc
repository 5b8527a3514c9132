// What goes into an archive comes out, and its index says what is true.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "store/archive_rig.h"
#include "support/sanitized.h"

using namespace archive_rig;
using store::ArchiveOptions;

namespace {

ArchiveOptions small_frames() {
  ArchiveOptions options;
  options.frame_size = 2000;
  options.most_in_frame = 5000;
  options.index_share = 4;  // of small frames the filter is a large part
  return options;
}

void check_whole(std::string_view log, bool stamped,
                 const ArchiveOptions& options,
                 const std::vector<store::TimeEntry>& times = {}) {
  const Archive archive(log, stamped, options, times);
  auto reader = archive.open();
  for (const auto& problem : reader.problems()) FAIL_CHECK(problem.message);
  CHECK(reader.has_index());
  CHECK(reader.has_levels());
  CHECK(reader.stamped() == stamped);
  CHECK(reader.stream() == options.stream);
  CHECK(reader.size() == log.size());
  CHECK(reader.times() == times);
  CHECK((read_all(reader) == log));
  const auto lines = static_cast<uint64_t>(std::ranges::count(log, '\n'));
  CHECK(reader.lines() == lines);
  const auto& result = archive.result();
  CHECK(result.raw == log.size());
  CHECK(result.lines == lines);
  CHECK(result.stored == archive.bytes().size());
  CHECK(result.frames == reader.frames().size());
  const auto facts =
      naive_facts(archive.bytes(), log, stamped, times, reader.frames());
  CHECK((facts == reader.frames()));
  reader.verify_index();
  CHECK(reader.problems().empty());
}

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_CASE("random logs come out as they went in, and the index is right") {
  Random random(7);
  const int rounds = support::kSanitized ? 3 : 15;
  for (const Kind kind : kKinds)
    for (int round = 0; round < rounds; ++round) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(round);
      const auto log = random_log(kind, random() % 60'000, random);
      const bool stamped = is_stamped(kind);
      const auto times = stamped ? std::vector<store::TimeEntry>()
                                 : random_times(log.size(), random);
      auto options = small_frames();
      if (round % 3 == 0) options.stream = store::Stream::Error;
      if (round % 3 == 1) options.stream = store::Stream::Out;
      check_whole(log, stamped, options, times);
    }
}

TEST_CASE("logs of hardly any bytes are archives too") {
  for (const std::string& log :
       {std::string(), std::string("\n"), std::string("x"), std::string("\n\n"),
        std::string("a\nb"), std::string("\0", 1),
        std::string("2026-11-21T10:15:02.123456Z \n"),
        std::string("2026-11-21T10:15:02.123456Z")}) {
    CAPTURE(log);
    check_whole(log, true, {});
    check_whole(log, false, {});
  }
}

TEST_CASE("frames are about equal and end where lines end") {
  Random random(3);
  const auto log = random_log(Kind::Prefixed, 3'300'000, random);
  std::string lines;  // without the very long ones
  for (size_t at = 0; at < log.size();) {
    const size_t end = std::min(log.find('\n', at), log.size() - 1) + 1;
    if (end - at < 5000) lines += log.substr(at, end - at);
    at = end;
  }
  while (lines.size() < 3'300'000)
    lines += lines.substr(0, lines.find('\n') + 1);
  const Archive archive(lines, true, {});
  auto reader = archive.open();
  REQUIRE(reader.frames().size() == 3);
  std::string frame;
  for (size_t i = 0; i < 3; ++i) {
    CHECK(reader.frames()[i].size > 1'000'000);
    CHECK(reader.frames()[i].size < 1'300'000);
    REQUIRE(reader.read_frame(i, frame));
    if (i < 2) CHECK(frame.back() == '\n');
    CHECK(reader.frames()[i].begins_line);
  }
}

TEST_CASE("a line that fits into a frame is never divided") {
  auto options = small_frames();
  std::string log;
  for (int i = 0; i < 30; ++i) {
    log += std::string(1500, 'a') + "\n";
    log += std::string(static_cast<size_t>(3000 + 66 * i), 'b') + "\n";
  }
  const Archive archive(log, false, options);
  const auto reader = archive.open();
  for (const auto& frame : reader.frames()) {
    CHECK(frame.begins_line);
    CHECK(frame.size <= 5000);
  }
}

TEST_CASE("a line that fits into no frame goes on in the next ones") {
  auto options = small_frames();
  const std::string log = "2026-11-21T10:15:02.123456Z ERROR " +
                          std::string(17'000, 'x') + "\nend\n";
  check_whole(log, true, options);
  const Archive archive(log, true, options);
  const auto reader = archive.open();
  REQUIRE(reader.frames().size() == 4);
  for (size_t i = 1; i < 4; ++i) {
    CHECK_FALSE(reader.frames()[i].begins_line);
    CHECK(reader.frames()[i].first == reader.frames()[0].first);
  }
  CHECK(reader.frames()[0].levels[static_cast<size_t>(store::Level::Error)] ==
        1);
}

TEST_CASE("more frames than one group holds are filtered as well") {
  Random random(11);
  auto options = small_frames();
  const auto log = random_log(Kind::Prefixed, 400'000, random);
  const Archive archive(log + "2026-11-21T10:15:02.123456Z a needle\n", true,
                        options);
  auto reader = archive.open();
  const size_t count = reader.frames().size();
  REQUIRE(count > 128);
  CHECK(reader.has_filter());
  std::vector<bool> frames(count, true);
  REQUIRE(reader.filter("A NEEdle", true, frames));
  CHECK(frames.back());
  CHECK(std::ranges::count(frames, true) < static_cast<long>(count / 3));
}

TEST_CASE("an index is never more than its share") {
  Random random(5);
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const auto log = random_log(kind, 1'500'000, random);
    const Archive archive(log, is_stamped(kind), {});
    const auto& result = archive.result();
    const auto data = static_cast<double>(result.stored - result.index);
    CHECK(static_cast<double>(result.index) <= 0.12 * data + 1);
  }
}

TEST_CASE("the first and last stamps are the least and the greatest") {
  const std::string log =
      "2026-11-21T10:15:03.000000Z b\n"
      "2026-11-21T10:15:02.000000Z a\n"
      "no stamp\n"
      "2026-11-21T10:15:04.000000Z c\n"
      "2026-11-21T10:15:03.500000Z d\n";
  const Archive archive(log, true, {});
  const auto reader = archive.open();
  REQUIRE(reader.frames().size() == 1);
  const auto& frame = reader.frames()[0];
  REQUIRE(frame.first.has_value());
  CHECK(base::format_stamp(*frame.first) == "2026-11-21T10:15:02.000000Z");
  CHECK(base::format_stamp(*frame.last) == "2026-11-21T10:15:04.000000Z");
}

TEST_CASE("of a frame with a line of no known time nothing is concluded") {
  const Archive archive("no stamp\n2026-11-21T10:15:04.000000Z c\n", true, {});
  const auto reader = archive.open();
  CHECK_FALSE(reader.frames()[0].first.has_value());
  const Archive late("abc\ndef\n", false, {}, {{4, {17}}});
  CHECK_FALSE(late.open().frames()[0].first.has_value());
  const Archive known("abc\ndef\n", false, {}, {{0, {15}}, {4, {17}}});
  CHECK(known.open().frames()[0].first == base::Timestamp{15});
  CHECK(known.open().frames()[0].last == base::Timestamp{17});
}

TEST_CASE("times that do not grow are left out, not believed") {
  const Archive archive("abc\ndef\n", false, {},
                        {{0, {15}}, {0, {11}}, {4, {17}}, {2, {12}}});
  auto reader = archive.open();
  CHECK(reader.has_index());
  CHECK(reader.times() == std::vector<store::TimeEntry>{{0, {15}}, {4, {17}}});
  CHECK(reader.frames()[0].first == base::Timestamp{15});
}

TEST_CASE("without density there is no filter, and all else") {
  auto options = small_frames();
  options.index_density = 0;
  Random random(19);
  const auto log = random_log(Kind::Prefixed, 200'000, random);
  check_whole(log, true, options);
  const Archive archive(log, true, options);
  auto reader = archive.open();
  CHECK_FALSE(reader.has_filter());
  std::vector<bool> frames(reader.frames().size(), true);
  REQUIRE(reader.filter("in none of them", false, frames));
  CHECK(std::ranges::all_of(frames, std::identity()));
}

TEST_CASE("making an archive stops between frames when asked to") {
  const support::TempDir dir;
  const auto path = dir.write("a.log", std::string(30'000, '\n'));
  auto segment = base::fs::open(path, O_RDONLY);
  auto to = base::fs::open(dir.file("to"), O_WRONLY | O_CREAT);
  REQUIRE((segment && to));
  int asked = 0;
  const auto done =
      store::write_archive(segment->get(), path, true, {}, *to, "to",
                           small_frames(), [&] { return ++asked < 4; });
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == base::Errc::Unavailable);
  CHECK(asked == 4);
}

TEST_CASE("a level that zstd does not have is refused") {
  const support::TempDir dir;
  const auto path = dir.write("a.log", "x\n");
  auto segment = base::fs::open(path, O_RDONLY);
  auto to = base::fs::open(dir.file("to"), O_WRONLY | O_CREAT);
  for (const int level : {0, -1, 20}) {
    ArchiveOptions options;
    options.level = level;
    CHECK_FALSE(store::write_archive(segment->get(), path, true, {}, *to, "to",
                                     options, {}));
  }
}

TEST_CASE("zstd's own program reads every archive") {
  if (!has_program("zstd")) {
    MESSAGE("no zstd here");
    return;
  }
  Random random(13);
  for (const auto& log : {std::string(), std::string("one\n"),
                          random_log(Kind::Mixed, 100'000, random),
                          random_log(Kind::Noise, 100'000, random)}) {
    const Archive archive(log, true, small_frames());
    CHECK(std::system(("zstd -qt " + archive.path()).c_str()) == 0);
    CHECK(std::system(("zstd -dc " + archive.path() + " | cmp - " +
                       archive.dir().file("a.log"))
                          .c_str()) == 0);
  }
  const Archive archive("a needle\nhay\n", false, {});
  if (has_program("zstdgrep"))
    CHECK(std::system(("zstdgrep -q needle " + archive.path()).c_str()) == 0);
  if (has_program("rg"))
    CHECK(std::system(("rg -zq needle " + archive.path()).c_str()) == 0);
}
