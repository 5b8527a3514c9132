#include "capture/stamper.h"

#include <doctest/doctest.h>

#include "capture/rig.h"

using capture::Stamper;

TEST_CASE("a clock that stands still still gives each batch its own stamp") {
  capture_test::HandSetClock clock;
  std::atomic<uint64_t> last{0};
  Stamper stamper(clock, last);
  const auto first = stamper.next();
  CHECK(first.us == clock.us);
  CHECK(stamper.next().us == first.us + 1);
  CHECK(stamper.next().us == first.us + 2);
}

TEST_CASE("a step back of a second is absorbed, one of an hour is followed") {
  capture_test::HandSetClock clock;
  std::atomic<uint64_t> last{0};
  Stamper stamper(clock, last);
  const auto first = stamper.next();
  clock.us -= 1'000'000;
  CHECK(stamper.next().us == first.us + 1);
  CHECK(stamper.steps_back() == 0);
  clock.us -= 3'600'000'000;
  CHECK(stamper.next().us == clock.us);
  CHECK(stamper.steps_back() == 1);
  CHECK(stamper.next().us == clock.us + 1);
  CHECK(stamper.steps_back() == 1);
}

TEST_CASE("the prefix is the stamp as a line on disk begins") {
  capture_test::HandSetClock clock;
  std::atomic<uint64_t> last{0};
  Stamper stamper(clock, last);
  CHECK(stamper.prefix({0}) == "1970-01-01T00:00:00.000000Z ");
  CHECK(stamper.prefix({1'795'256'102'123'456}) ==
        base::format_stamp({1'795'256'102'123'456}) + " ");
}

TEST_CASE("who comes after a kill goes on above the last stamp") {
  capture_test::HandSetClock clock;
  std::atomic<uint64_t> last{0};
  const auto first = Stamper(clock, last).next();
  CHECK(Stamper(clock, last).next() > first);
}
