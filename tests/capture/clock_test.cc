// The wall clock as people set it.
#include <doctest/doctest.h>

#include <algorithm>

#include "capture/rig.h"

using namespace capture_test;

TEST_CASE("a clock set back: a second is absorbed, an hour seals the file") {
  HandSetClock clock;
  Rig rig(clock);
  auto child = rig.add(1, "api-out.log");
  const auto say = [&](std::string_view line) {
    put(child, line);
    rig.drain(1);
  };
  say("a\n");
  clock.us -= 1'000'000;
  say("b\n");
  clock.us -= 3'600'000'000;
  say("c\n");
  say("d\n");
  std::vector<int64_t> stamps;
  for (const auto& line : lines_of(rig.history("api-out.log")))
    stamps.push_back(store::parse_line(line).time.value().us);
  REQUIRE(stamps.size() == 4);
  CHECK(stamps[1] == stamps[0] + 1);
  CHECK(stamps[2] < stamps[1]);
  CHECK(stamps[2] >= clock.us);
  CHECK(stamps[2] < clock.us + 10);
  CHECK(stamps[3] > stamps[2]);
  // No file has stamps that run backward.
  REQUIRE(rig.segments().size() == 1);
  CHECK(lines_of(rig.segments()[0]).size() == 2);
}

TEST_CASE("no two batches share a stamp, even of two files") {
  HandSetClock clock;
  Rig rig(clock);
  auto out = rig.add(1, "api-out.log");
  auto error = rig.add(2, "api-error.log");
  for (int i = 0; i < 50; ++i) {
    put(out, "o\n");
    rig.drain(1);
    put(error, "e\n");
    rig.drain(2);
  }
  std::vector<int64_t> stamps;
  for (const char* name : {"api-out.log", "api-error.log"})
    for (const auto& line : lines_of(rig.file(name)))
      stamps.push_back(store::parse_line(line).time.value().us);
  std::sort(stamps.begin(), stamps.end());
  CHECK(stamps.size() == 100);
  CHECK(std::adjacent_find(stamps.begin(), stamps.end()) == stamps.end());
}
