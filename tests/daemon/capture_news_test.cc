// What capture tells, on its way to disk and to `list`.

#include "daemon/capture_news.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "support/temp_dir.h"

namespace daemon_ {
namespace {

struct Newsroom {
  support::TempDir dir;
  base::Home home{dir.path()};
  base::SystemClock clock;
  base::EventLoop loop;
  Recorder recorder{loop, home, [] { return std::string(); }};
  CaptureTally tally;
  Chronicle chronicle{recorder, clock, tally, nullptr, home.logs(), {}};
  SealGate gate;
  CaptureNews news{
      loop,
      clock,
      home.logs(),
      chronicle,
      tally,
      gate,
      {[](uint64_t) {}, [](const auto&, const auto&, uint64_t) {}, [] {}}};
  capture::SourceInfo source{6, "api", 3, 1, 17, store::Stream::Error};

  Newsroom() { REQUIRE(home.make()); }

  // Turns the loop until so many events are there.
  std::vector<store::Event> events(size_t count) {
    bool late = false;
    base::Timer guard(loop, [&] { late = true; });
    guard.start(std::chrono::seconds(20));
    base::Timer look(loop, [] {});
    look.start(std::chrono::milliseconds(1), std::chrono::milliseconds(5));
    for (;;) {
      std::vector<store::Event> found;
      std::istringstream lines(support::slurp(home.logs() + "/api-events.log"));
      for (std::string line; std::getline(lines, line);)
        if (auto event = store::parse_event(line)) found.push_back(*event);
      if (found.size() >= count || late) return found;
      loop.run_once();
    }
  }
};

}  // namespace

TEST_CASE("what was dropped is an event with its span, and is counted") {
  Newsroom room;
  room.news.on_dropped(
      room.source, {capture::Dropped::Why::DiskFull, 1200, 64,
                    base::Timestamp{1'000'000}, base::Timestamp{2'000'000}});
  const auto events = room.events(1);
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == store::EventKind::Drop);
  CHECK(events[0].lines == 1200);
  CHECK(events[0].bytes == 64);
  CHECK(events[0].reason == "disk_full");
  CHECK(events[0].first == base::Timestamp{1'000'000});
  CHECK(events[0].last == base::Timestamp{2'000'000});
  CHECK(events[0].instance == 1);
  CHECK(events[0].stream == store::Stream::Error);
  CHECK(room.tally.dropped("api", 1).lines == 1200);
}

TEST_CASE("a full disk is told of at its start and its end") {
  Newsroom room;
  room.news.on_disk_full(room.source, true);
  CHECK(room.events(1).size() == 1);
  CHECK(room.tally.disk_full("api", 1));
  room.news.on_disk_full(room.source, false);
  const auto events = room.events(2);
  REQUIRE(events.size() == 2);
  CHECK(events[0].kind == store::EventKind::DiskFull);
  CHECK(events[1].kind == store::EventKind::DiskOk);
  CHECK_FALSE(room.tally.disk_full());
}

TEST_CASE("seals and losses are events") {
  Newsroom room;
  room.news.on_unaccounted(room.source, "100 bytes of the spool");
  room.news.on_sealed(room.source, "/l/archive/api/error-1.log", 77);
  const auto events = room.events(2);
  REQUIRE(events.size() == 2);
  CHECK(events[0].kind == store::EventKind::Lost);
  CHECK(events[0].reason == "100 bytes of the spool");
  CHECK(events[1].kind == store::EventKind::Seal);
  CHECK(events[1].file == "/l/archive/api/error-1.log");
  CHECK(events[1].bytes == 77);
}

TEST_CASE("events that can't be written are there once they can, in order") {
  Newsroom room;
  const std::string path = room.home.logs() + "/api-events.log";
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  room.news.on_disk_full(room.source, true);
  room.news.on_line_ended(room.source, base::Timestamp{5});
  room.news.on_disk_full(room.source, false);
  bool tried = false;
  room.loop.post([&] {
    room.recorder.when_written([&](const base::Status&) { tried = true; });
  });
  while (!tried) room.loop.run_once();
  REQUIRE(::rmdir(path.c_str()) == 0);
  const auto events = room.events(3);
  REQUIRE(events.size() == 3);
  CHECK(events[0].kind == store::EventKind::DiskFull);
  CHECK(events[1].kind == store::EventKind::LineEnded);
  CHECK(events[1].line == base::Timestamp{5});
  CHECK(events[2].kind == store::EventKind::DiskOk);
  CHECK(events[0].time <= events[1].time);
  CHECK(events[1].time <= events[2].time);
}

TEST_CASE("of more events than can wait the oldest go, and that is told") {
  Newsroom room;
  const std::string path = room.home.logs() + "/api-events.log";
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  for (int i = 0; i < 1010; ++i)
    room.news.on_unaccounted(room.source, std::to_string(i));
  bool tried = false;
  room.loop.post([&] {
    room.recorder.when_written([&](const base::Status&) { tried = true; });
  });
  while (!tried) room.loop.run_once();
  REQUIRE(::rmdir(path.c_str()) == 0);
  const auto events = room.events(1000);
  REQUIRE(events.size() == 1000);
  CHECK(events.front().reason == "10");
  CHECK(events.back().reason == "1009");
  bool done = false;
  room.recorder.when_written([&](const base::Status&) { done = true; });
  while (!done) room.loop.run_once();
  CHECK(support::slurp(room.home.logs() + "/lodge-events.log")
            .find("10 events that could not be written") != std::string::npos);
}

}  // namespace daemon_
