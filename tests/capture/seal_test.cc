// Sealed when somebody asks, looked at when somebody asks: each line is in the
// segment or in the live file, and nobody waits for a line that doesn't end.
#include <doctest/doctest.h>

#include "capture/rig.h"

using namespace capture_test;
using Outcome = capture::Sealed::Outcome;

namespace {

constexpr std::string_view kOut = "api-out.log";
constexpr int64_t kDay = int64_t{24} * 3600 * 1'000'000;

capture::Sealed seal(Rig& rig, std::string_view name = kOut,
                     std::optional<base::Timestamp> before = {}) {
  auto sealed =
      rig.seal({{{rig.dir.path(name), rig.options, {.app = "api"}}, before}});
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].path == rig.dir.path(name));
  return sealed[0];
}

bool holds(const Rig& rig, std::string_view text) {
  return eventually([&] { return rig.file(kOut).ends_with(text); });
}

void write(const std::string& path, std::string_view text) {
  auto fd = base::fs::open(path, O_WRONLY | O_CREAT | O_APPEND);
  REQUIRE(fd);
  REQUIRE(base::fs::write_all(fd->get(), text, path));
}

}  // namespace

TEST_CASE("a file is sealed when asked, and told as when its size seals it") {
  HandSetClock clock;
  Rig rig(clock);
  auto child = rig.add(1, kOut);
  put(child, "one\ntwo\n");
  REQUIRE(holds(rig, "two\n"));
  const std::string before = rig.file(kOut);
  clock.us += 5'000'000;
  const auto sealed = seal(rig);
  CHECK(sealed.outcome == Outcome::Sealed);
  CHECK(sealed.bytes == before.size());
  CHECK(contents(sealed.segment) == before);
  CHECK(rig.file(kOut).empty());
  // Of its first line, not of the moment.
  CHECK(sealed.segment.ends_with("out.0000000001.20260921T141320Z.log"));
  CHECK(rig.seen.sealed() == std::vector{sealed.segment});
  put(child, "three\n");
  REQUIRE(holds(rig, "three\n"));
  CHECK(without_stamps(rig.history(kOut)) == "one\ntwo\nthree\n");
}

TEST_CASE("an empty file, and one that is not there, are never sealed") {
  Rig rig;
  auto child = rig.add(1, kOut);
  CHECK(seal(rig).outcome == Outcome::Empty);
  CHECK(seal(rig, "none.log").outcome == Outcome::Empty);
  CHECK_FALSE(base::fs::exists(rig.dir.path("none.log")));
  CHECK(rig.segments().empty());
}

TEST_CASE("sealed twice at once, there is one segment, and both are told") {
  Rig rig;
  auto child = rig.add(1, kOut);
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  const capture::SealRequest request{
      {rig.dir.path(kOut), rig.options, {.app = "api"}}};
  const auto both = rig.seal({request, request});
  CHECK(both[0].outcome == Outcome::Sealed);
  CHECK(both[1].segment == both[0].segment);
  CHECK(rig.segments().size() == 1);
}

TEST_CASE("a file that is younger than asked for stays") {
  HandSetClock clock;
  Rig rig(clock);
  auto child = rig.add(1, kOut);
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  const base::Timestamp first = *store::parse_line(rig.file(kOut)).time;
  clock.us += kDay;
  put(child, "two\n");
  REQUIRE(holds(rig, "two\n"));
  CHECK(seal(rig, kOut, first).outcome == Outcome::TooYoung);
  CHECK(rig.segments().empty());
  CHECK(seal(rig, kOut, base::Timestamp{first.us + 1}).outcome ==
        Outcome::Sealed);
  // And the new one is as old as its own first line.
  put(child, "three\n");
  REQUIRE(holds(rig, "three\n"));
  CHECK(seal(rig, kOut, base::Timestamp{first.us + kDay}).outcome ==
        Outcome::TooYoung);
}

TEST_CASE("the age of a file with earlier lines is that of the first of them") {
  Rig rig;
  write(rig.dir.path(kOut), "2026-09-01T00:00:00.000001Z earlier\n");
  auto child = rig.add(1, kOut);
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  const auto begun = *base::parse_stamp("2026-09-01T00:00:00.000001Z");
  CHECK(seal(rig, kOut, begun).outcome == Outcome::TooYoung);
  const auto sealed = seal(rig, kOut, base::Timestamp{begun.us + 1});
  CHECK(sealed.outcome == Outcome::Sealed);
  CHECK(sealed.segment.ends_with(".20260901T000000Z.log"));
}

TEST_CASE("the age of a file without stamps is in its sidecar") {
  HandSetClock clock;
  Rig rig(clock);
  rig.options.stamp = capture::SinkOptions::Stamp::None;
  const base::Timestamp begun{clock.us};
  auto child = rig.add(1, "api-out.raw.log");
  put(child, "one\n");
  child.reset();
  REQUIRE(rig.ended(1));
  clock.us += kDay;
  child = rig.add(2, "api-out.raw.log");
  put(child, "two\n");
  REQUIRE(
      eventually([&] { return rig.file("api-out.raw.log") == "one\ntwo\n"; }));
  CHECK(seal(rig, "api-out.raw.log", begun).outcome == Outcome::TooYoung);
  const auto sealed =
      seal(rig, "api-out.raw.log", base::Timestamp{begun.us + 1'000'000});
  CHECK(sealed.outcome == Outcome::Sealed);
  CHECK(base::fs::exists(store::sidecar_name(sealed.segment)));
}

TEST_CASE("a line that does not end is pending, and sealed when it does") {
  Rig rig;
  auto child = rig.add(1, kOut);
  put(child, "one\nname? ");
  REQUIRE(holds(rig, "name? "));
  CHECK(seal(rig).outcome == Outcome::Pending);
  CHECK(rig.segments().empty());
  put(child, "hm\ntwo\n");
  REQUIRE(eventually([&] { return rig.seen.sealed().size() == 1; }));
  REQUIRE(holds(rig, "two\n"));
  CHECK(without_stamps(contents(rig.seen.sealed()[0])) == "one\nname? hm\n");
  CHECK(without_stamps(rig.file(kOut)) == "two\n");
  // Once for both.
  CHECK(seal(rig).outcome == Outcome::Sealed);
  CHECK(seal(rig).outcome == Outcome::Empty);
}

TEST_CASE("pending when its app exits, a file is sealed with its last line") {
  Rig rig;
  auto child = rig.add(1, kOut);
  put(child, "name? ");
  REQUIRE(holds(rig, "name? "));
  CHECK(seal(rig).outcome == Outcome::Pending);
  child.reset();
  REQUIRE(rig.ended(1));
  REQUIRE(eventually([&] { return rig.seen.sealed().size() == 1; }));
  CHECK(without_stamps(contents(rig.seen.sealed()[0])) == "name? \n");
}

TEST_CASE("the file of a stopped app is sealed, with its sidecar") {
  Rig rig;
  auto out = rig.add(1, kOut);
  put(out, "one\n");
  out.reset();
  REQUIRE(rig.ended(1));
  const std::string before = rig.file(kOut);
  auto sealed = seal(rig);
  CHECK(sealed.outcome == Outcome::Sealed);
  CHECK(contents(sealed.segment) == before);
  CHECK(rig.file(kOut).empty());

  rig.options.stamp = capture::SinkOptions::Stamp::None;
  auto raw = rig.add(2, "api-out.raw.log");
  put(raw, "two\n");
  raw.reset();
  REQUIRE(rig.ended(2));
  sealed = seal(rig, "api-out.raw.log");
  CHECK(sealed.outcome == Outcome::Sealed);
  CHECK(contents(sealed.segment) == "two\n");
  CHECK(contents(store::sidecar_name(sealed.segment)).size() == 32);
  CHECK(rig.file("api-out.raw.idx").size() == 16);
}

TEST_CASE("a stopped app's last line is ended, noted, and sealed") {
  Rig rig;
  write(rig.dir.path(kOut), "2026-09-01T00:00:00.000001Z half");
  const auto sealed = seal(rig);
  CHECK(sealed.outcome == Outcome::Sealed);
  CHECK(contents(sealed.segment) == "2026-09-01T00:00:00.000001Z half\n");
  CHECK(rig.seen.lines().size() == 1);
}

TEST_CASE("an app that starts while its file is sealed has its own settings") {
  for (int round = 0; round < 20; ++round) {
    Rig rig;
    write(rig.dir.path(kOut), "2026-09-01T00:00:00.000001Z old\n");
    std::atomic<bool> done = false;
    rig.capture.seal({{{rig.dir.path(kOut), {}, {.app = "api"}}}},
                     [&](const auto&) { done = true; });
    rig.options.redact = {"secret"};
    auto child = rig.add(1, kOut);
    put(child, "a secret\n");
    child.reset();
    REQUIRE(rig.ended(1));
    REQUIRE(eventually([&] { return done.load(); }));
    rig.capture.stop();
    CHECK(without_stamps(rig.history(kOut)) == "old\na [redacted]\n");
  }
}

TEST_CASE("a directory that can't be made is an error, and the file goes on") {
  Rig rig;
  write(rig.dir.path("archive"), "in the way");
  auto child = rig.add(1, kOut);
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  const auto sealed = seal(rig);
  CHECK(sealed.outcome == Outcome::Failed);
  REQUIRE(sealed.error);
  CHECK(sealed.error->message.find("archive") != std::string::npos);
  put(child, "two\n");
  REQUIRE(holds(rig, "two\n"));
  // Asked again, it is tried again at once.
  REQUIRE(base::fs::unlink(rig.dir.path("archive")));
  CHECK(seal(rig).outcome == Outcome::Sealed);
}

TEST_CASE("sealed over and over under load, every line is there once") {
  Rig rig;
  auto child = rig.add(1, kOut);
  constexpr int kLines = 300'000;
  std::string expected;
  for (int i = 0; i < kLines; ++i) expected += std::to_string(i) + "\n";
  std::thread writer([&] {
    for (size_t at = 0; at < expected.size(); at += 4001)
      (void)base::fs::write_all(child.get(), expected.substr(at, 4001), "pipe");
    child.reset();
  });
  size_t segments = 0;
  while (rig.seen.ended().empty())
    if (seal(rig).outcome == Outcome::Sealed) ++segments;
  writer.join();
  const auto all = rig.segments();
  CHECK(all.size() == segments);
  for (const auto& segment : all) CHECK(segment.ends_with('\n'));
  CHECK(without_stamps(rig.history(kOut)) == expected);
}

TEST_CASE("after a look nothing is written to what was moved") {
  Rig rig;
  auto child = rig.add(1, kOut);
  auto other = rig.add(2, "other.log");
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  CHECK(rig.look() == 0);
  REQUIRE(base::fs::rename(rig.dir.path(kOut), rig.dir.path("moved")));
  CHECK(rig.look() == 1);
  CHECK(base::fs::exists(rig.dir.path(kOut)));
  put(child, "two\n");
  REQUIRE(holds(rig, "two\n"));
  CHECK(without_stamps(rig.file("moved")) == "one\n");
  CHECK(rig.seen.reopened() == std::vector<std::string>{"moved or removed"});
  CHECK(rig.look() == 0);
}

TEST_CASE("live files say their size, what was written, when they began") {
  HandSetClock clock;
  Rig rig(clock);
  CHECK(rig.live_files().empty());
  auto child = rig.add(1, kOut);
  put(child, "one\n");
  rig.drain(1);
  auto states = rig.live_files();
  REQUIRE(states.size() == 1);
  CHECK(states[0].path == rig.dir.path(kOut));
  CHECK(states[0].size == store::kPrefixSize + 4);
  CHECK(states[0].written == states[0].size);
  CHECK(states[0].begun == base::Timestamp{clock.us});
  CHECK(states[0].device != 0);
  CHECK(seal(rig).outcome == Outcome::Sealed);
  states = rig.live_files();
  REQUIRE(states.size() == 1);
  CHECK(states[0].size == 0);
  CHECK(states[0].written == store::kPrefixSize + 4);
  CHECK_FALSE(states[0].begun);
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(rig.live_files().empty());
}
