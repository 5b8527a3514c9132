#include "base/time_spec.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <time.h>

namespace {

using base::parse_time;
using base::Zone;

// Saturday, 2026-11-21 10:15:30 UTC.
constexpr base::Timestamp kNow{1'795'256'130'000'000};

std::string utc(std::string_view text) {
  const auto time = parse_time(text, kNow, Zone::Utc);
  return time ? base::format_stamp(*time) : "bad";
}

// The zone is the process's: set for one test, then put back.
class ZoneOf {
 public:
  explicit ZoneOf(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~ZoneOf() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

std::string local(std::string_view text) {
  const auto time = parse_time(text, kNow, Zone::Local);
  return time ? base::format_stamp(*time) : "bad";
}

}  // namespace

TEST_CASE("all forms of a time are understood") {
  CHECK(utc("now") == "2026-11-21T10:15:30.000000Z");
  CHECK(utc("today") == "2026-11-21T00:00:00.000000Z");
  CHECK(utc("yesterday") == "2026-11-20T00:00:00.000000Z");
  CHECK(utc("2026-11-20") == "2026-11-20T00:00:00.000000Z");
  CHECK(utc("2026-11-20 10:15") == "2026-11-20T10:15:00.000000Z");
  CHECK(utc("2026-11-20 10:15:30.5") == "2026-11-20T10:15:30.500000Z");
  CHECK(utc("2026-11-20T10:15:30Z") == "2026-11-20T10:15:30.000000Z");
  CHECK(utc("2026-11-20T10:15:30.123456789Z") == "2026-11-20T10:15:30.123456Z");
  CHECK(utc("2026-11-20T10:15:30+01:30") == "2026-11-20T08:45:30.000000Z");
  CHECK(utc("2026-11-20T10:15:30-0200") == "2026-11-20T12:15:30.000000Z");
  CHECK(utc("10m") == "2026-11-21T10:05:30.000000Z");
  CHECK(utc("-10m") == "2026-11-21T10:05:30.000000Z");
  CHECK(utc("2h ago") == "2026-11-21T08:15:30.000000Z");
  CHECK(utc("2w") == "2026-11-07T10:15:30.000000Z");
  CHECK(utc("500ms") == "2026-11-21T10:15:29.500000Z");
  CHECK(utc("@1795256100.123") == "2026-11-21T10:15:00.123000Z");
  CHECK(utc(" 10m ") == "2026-11-21T10:05:30.000000Z");
}

TEST_CASE("a time of day that is yet to come was yesterday's") {
  CHECK(utc("10:15") == "2026-11-21T10:15:00.000000Z");
  CHECK(utc("10:15:30") == "2026-11-21T10:15:30.000000Z");
  CHECK(utc("10:16") == "2026-11-20T10:16:00.000000Z");
  // Also across the beginning of a year.
  const auto time =
      parse_time("23:00", {1'798'761'600'000'000}, Zone::Utc);  // 2027-01-01
  REQUIRE(time);
  CHECK(base::format_stamp(*time) == "2026-12-31T23:00:00.000000Z");
}

TEST_CASE("what is no time is refused, with the forms shown") {
  for (const auto text : {"",
                          "x",
                          "20x",
                          "10",
                          "-",
                          "-10",
                          "ago",
                          "10mago",
                          "25:00",
                          "10:60",
                          "10:1",
                          "2026-13-01",
                          "2026-02-30",
                          "2026-11-20 ",
                          "2026-11-20T",
                          "2026-11-20T10:15:30+",
                          "2026-11-20T10:15:30+25:00",
                          "2026-11",
                          "@",
                          "@x",
                          "@1.",
                          "now!",
                          "10:15pm",
                          "--10m",
                          "99999999999999w"}) {
    CAPTURE(text);
    const auto time = parse_time(text, kNow, Zone::Utc);
    if (std::string_view(text) == "2026-11-20 ") {
      CHECK(time);  // blanks around are nothing
      continue;
    }
    REQUIRE(!time);
    CHECK(time.error().code == base::Errc::Invalid);
    CHECK(time.error().hint.find("10:15") != std::string::npos);
  }
}

TEST_CASE("times without a zone are the caller's") {
  const ZoneOf zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(local("10:15") == "2026-11-21T09:15:00.000000Z");
  CHECK(local("today") == "2026-11-20T23:00:00.000000Z");
  CHECK(local("2026-07-01 12:00") == "2026-07-01T10:00:00.000000Z");
  CHECK(local("2026-07-01T12:00:00Z") == "2026-07-01T12:00:00.000000Z");
  const auto wall = base::wall_time({kNow.us + 7}, Zone::Local);
  CHECK(wall.hour == 11);
  CHECK(wall.us == 7);
  CHECK(base::zone_name(kNow, Zone::Local) == "CET");
  CHECK(base::zone_name(kNow, Zone::Utc) == "UTC");
}

TEST_CASE("a day of the caller's zone may have 23 or 25 hours") {
  const ZoneOf zone("CET-1CEST,M3.5.0,M10.5.0/3");
  // Noon of 2026-10-25, the day on which clocks go back.
  const base::Timestamp noon{1'792'926'000'000'000};
  const auto today = parse_time("today", noon, Zone::Local);
  const auto next = parse_time("2026-10-26", noon, Zone::Local);
  REQUIRE(today);
  REQUIRE(next);
  CHECK((next->us - today->us) / 3'600'000'000 == 25);
}
