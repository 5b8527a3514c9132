#include "config/restart_times.h"

#include <doctest/doctest.h>

using base::parse_stamp;
using config::RestartTimes;

namespace {

std::string next(const char* times, const char* after,
                 const char* zone = "UTC") {
  auto read = RestartTimes::parse(times);
  REQUIRE(read);
  auto in = base::TimeZone::load(zone);
  REQUIRE(in);
  const auto due = read->next_after(*parse_stamp(after), *in);
  return due ? base::format_stamp(*due).substr(0, 19) : "never";
}

}  // namespace

TEST_CASE("restart times: five fields, or six of which the first are seconds") {
  struct Row {
    const char* times;
    const char* after;
    const char* next;
  };
  for (const auto& row :
       {Row{"0 3 * * *", "2026-11-21T02:59:59.999999Z", "2026-11-21T03:00:00"},
        {"0 3 * * *", "2026-11-21T03:00:00.000000Z", "2026-11-22T03:00:00"},
        {"*/2 * * * * *", "2026-11-21T03:00:00.000000Z", "2026-11-21T03:00:02"},
        {"*/2 * * * * *", "2026-11-21T03:00:58.500000Z", "2026-11-21T03:01:00"},
        {"30 0 3 * * *", "2026-11-21T03:00:29.000000Z", "2026-11-21T03:00:30"},
        {"30 0 3 * * *", "2026-11-21T03:00:30.000000Z", "2026-11-22T03:00:30"},
        {"0 0 3 * * *", "2026-11-21T02:00:00.000000Z", "2026-11-21T03:00:00"},
        {"@daily", "2026-11-21T02:00:00.000000Z", "2026-11-22T00:00:00"}}) {
    CAPTURE(row.times);
    CHECK(next(row.times, row.after) == row.next);
  }
}

TEST_CASE("restart times when the clocks change: skipped ones come, once") {
  // Rome, 2026-03-29: 02:00 becomes 03:00.
  CHECK(next("30 2 * * *", "2026-03-28T12:00:00.000000Z", "Europe/Rome") ==
        "2026-03-29T01:00:00");
  // 2026-10-25: 02:30 comes twice, at 00:30 and at 01:30 UTC.
  CHECK(next("30 2 * * *", "2026-10-24T12:00:00.000000Z", "Europe/Rome") ==
        "2026-10-25T00:30:00");
  CHECK(next("30 2 * * *", "2026-10-25T00:30:00.000000Z", "Europe/Rome") ==
        "2026-10-26T01:30:00");
}
