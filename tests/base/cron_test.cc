#include "base/cron.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/fs.h"
#include "support/sanitized.h"

namespace {

using base::Cron;
using base::Timestamp;
using base::TimeZone;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;

Timestamp utc(const std::string& text) {
  const auto time = base::parse_stamp(text + ":00.000000Z");
  REQUIRE_MESSAGE(time, text);
  return *time;
}

std::string show(std::optional<Timestamp> time) {
  return time ? base::format_stamp(*time).substr(0, 16) : "never";
}

std::string next(const char* cron, const std::string& after,
                 const TimeZone& zone = TimeZone::utc()) {
  const auto parsed = Cron::parse(cron);
  REQUIRE_MESSAGE(parsed, cron);
  return show(parsed->next_after(utc(after), zone));
}

std::string last(const char* cron, const std::string& before,
                 const TimeZone& zone = TimeZone::utc()) {
  const auto parsed = Cron::parse(cron);
  REQUIRE_MESSAGE(parsed, cron);
  return show(parsed->last_before(utc(before), zone));
}

std::optional<TimeZone> zone_of(const char* name) {
  auto zone = TimeZone::load(name);
  if (zone) return *zone;
  MESSAGE("skipped: this system has no time zones");
  return std::nullopt;
}

}  // namespace

TEST_CASE("the next time of an expression") {
  struct Row {
    const char* cron;
    const char* after;
    const char* next;
  };
  // 2026-11-24 is a Tuesday.
  for (const auto& [cron, after, expected] : {
           Row{"* * * * *", "2026-11-24T10:15", "2026-11-24T10:16"},
           Row{"0 * * * *", "2026-11-24T10:15", "2026-11-24T11:00"},
           Row{"0 * * * *", "2026-11-24T23:00", "2026-11-25T00:00"},
           Row{"*/20 * * * *", "2026-11-24T10:40", "2026-11-24T11:00"},
           Row{"5/20 * * * *", "2026-11-24T10:26", "2026-11-24T10:45"},
           Row{"30 2 * * *", "2026-11-24T02:29", "2026-11-24T02:30"},
           Row{"30 2 * * *", "2026-11-24T02:30", "2026-11-25T02:30"},
           Row{"0 0 1 * *", "2026-11-24T00:00", "2026-12-01T00:00"},
           Row{"0 0 31 * *", "2026-11-24T00:00", "2026-12-31T00:00"},
           Row{"0 0 29 2 *", "2026-11-24T00:00", "2028-02-29T00:00"},
           Row{"0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"},
           Row{"0 0 * * mon", "2026-11-24T00:00", "2026-11-30T00:00"},
           Row{"0 0 * * 7", "2026-11-24T00:00", "2026-11-29T00:00"},
           Row{"0 0 * * FRI-sun", "2026-11-24T00:00", "2026-11-27T00:00"},
           Row{"0 0 * * sat-sun", "2026-11-29T00:00", "2026-12-05T00:00"},
           Row{"0 12 * jan,JUL *", "2026-11-24T00:00", "2027-01-01T12:00"},
           // Either of the two days; with a `*` in front, both.
           Row{"0 0 13 * fri", "2026-11-24T00:00", "2026-11-27T00:00"},
           Row{"0 0 13 * fri", "2026-12-12T00:00", "2026-12-13T00:00"},
           Row{"0 0 */2 * sat", "2026-11-24T00:00", "2026-12-05T00:00"},
           Row{"0 0 29 2 */7", "2026-11-24T00:00", "2032-02-29T00:00"},
           Row{"10-20/5,40 8-9 * * *", "2026-11-24T08:20", "2026-11-24T08:40"},
           Row{"10-20/5,40 8-9 * * *", "2026-11-24T08:41", "2026-11-24T09:10"},
           Row{"@hourly", "2026-11-24T10:15", "2026-11-24T11:00"},
           Row{"@daily", "2026-11-24T10:15", "2026-11-25T00:00"},
           Row{"@Weekly", "2026-11-24T10:15", "2026-11-29T00:00"},
           Row{"@monthly", "2026-11-24T10:15", "2026-12-01T00:00"},
           Row{"@yearly", "2026-11-24T10:15", "2027-01-01T00:00"},
           Row{" 0\t0  1 1 * ", "2026-11-24T10:15", "2027-01-01T00:00"},
           Row{"59 23 31 12 *", "1969-06-01T00:00", "1969-12-31T23:59"},
       }) {
    CAPTURE(cron);
    CAPTURE(after);
    CHECK(next(cron, after) == expected);
    // Nothing lies between, so from there it is the last.
    const auto parsed = Cron::parse(cron);
    const Timestamp at = utc(expected);
    CHECK(show(parsed->last_before({at.us + 1}, TimeZone::utc())) == expected);
    const auto before = parsed->last_before(at, TimeZone::utc());
    REQUIRE(before);
    CHECK(*before <= utc(after));
  }
}

TEST_CASE("a bad expression is refused, and its field named") {
  struct Row {
    const char* cron;
    const char* field;
  };
  for (const auto& [cron, field] : {
           Row{"60 * * * *", "cron: minute: '60'"},
           Row{"* 24 * * *", "cron: hour: '24'"},
           Row{"* * 0 * *", "cron: day of the month: '0'"},
           Row{"* * 32 * *", "cron: day of the month: '32'"},
           Row{"* * * 13 *", "cron: month: '13'"},
           Row{"* * * * 8", "cron: day of the week: '8'"},
           Row{"* * * mon *", "cron: month: 'mon'"},
           Row{"*/0 * * * *", "cron: minute: '*/0'"},
           Row{"*/ * * * *", "cron: minute: '*/'"},
           Row{"5-1 * * * *", "cron: minute: '5-1'"},
           Row{"1- * * * *", "cron: minute: ''"},
           Row{"1,,2 * * * *", "cron: minute: ''"},
           Row{"1, * * * *", "cron: minute: '1,'"},
           Row{"-1 * * * *", "cron: minute: ''"},
           Row{"99999999999 * * * *", "cron: minute: '99999999999'"},
           Row{"*5 * * * *", "cron: minute: '*5'"},
           Row{"* * 30 2 *", "cron: day of the month: '30'"},
           Row{"* * 31 4,6,9,11 *", "cron: day of the month: '31'"},
           Row{"* * * *", "has 4 fields"},
           Row{"0 * * * * *", "has 6 fields"},
           Row{"", "has 0 fields"},
           Row{"@reboot", "no '@reboot'"},
       }) {
    CAPTURE(cron);
    const auto parsed = Cron::parse(cron);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::Errc::Invalid);
    CHECK_FALSE(parsed.error().hint.empty());
    CAPTURE(parsed.error().message);
    CHECK(parsed.error().message.find(field) != std::string::npos);
  }
}

TEST_CASE("a fixed time that spring skips happens as the clock jumps") {
  const auto rome = zone_of("Europe/Rome");
  if (!rome) return;
  // 02:00 CET is 03:00 CEST, 01:00 UTC, on 2026-03-29.
  CHECK(next("30 2 * * *", "2026-03-28T12:00", *rome) == "2026-03-29T01:00");
  CHECK(next("30 2 * * *", "2026-03-29T01:00", *rome) == "2026-03-30T00:30");
  CHECK(last("30 2 * * *", "2026-03-29T12:00", *rome) == "2026-03-29T01:00");
  CHECK(last("30 2 * * *", "2026-03-29T01:00", *rome) == "2026-03-28T01:30");
  // Several that are skipped are one.
  CHECK(next("*/15 2 * * *", "2026-03-28T12:00", *rome) == "2026-03-29T01:00");
  CHECK(next("*/15 2 * * *", "2026-03-29T01:00", *rome) == "2026-03-30T00:00");
  CHECK(next("0 3 * * *", "2026-03-28T12:00", *rome) == "2026-03-29T01:00");
  CHECK(next("0 3 * * *", "2026-03-29T01:00", *rome) == "2026-03-30T01:00");
}

TEST_CASE("a fixed time that autumn repeats happens once, the first time") {
  const auto rome = zone_of("Europe/Rome");
  if (!rome) return;
  // 03:00 CEST is 02:00 CET, 01:00 UTC, on 2026-10-25.
  CHECK(next("30 2 * * *", "2026-10-24T12:00", *rome) == "2026-10-25T00:30");
  CHECK(next("30 2 * * *", "2026-10-25T00:30", *rome) == "2026-10-26T01:30");
  CHECK(next("30 2 * * *", "2026-10-25T01:10", *rome) == "2026-10-26T01:30");
  // Asked within the second time: 02:10 CET.
  CHECK(last("30 2 * * *", "2026-10-25T01:10", *rome) == "2026-10-25T00:30");
  CHECK(last("30 2 * * *", "2026-10-25T12:00", *rome) == "2026-10-25T00:30");
  CHECK(last("30 2 * * *", "2026-10-25T00:30", *rome) == "2026-10-24T00:30");
  CHECK(next("0 3 * * *", "2026-10-24T12:00", *rome) == "2026-10-25T02:00");
}

TEST_CASE("what is hourly happens each real hour") {
  const auto rome = zone_of("Europe/Rome");
  if (!rome) return;
  for (const char* const day : {"2026-03-29", "2026-10-25", "2026-07-01"})
    for (const char* const from : {"T00:00", "T01:00", "T02:00"}) {
      const std::string at = std::string(day) + from;
      const auto hour = utc(at).us;
      CHECK(next("0 * * * *", at, *rome) ==
            show(Timestamp{hour + 60 * kMinute}));
      CHECK(last("0 * * * *", at, *rome) ==
            show(Timestamp{hour - 60 * kMinute}));
      CHECK(next("*/30 * * * *", at, *rome) ==
            show(Timestamp{hour + 30 * kMinute}));
    }
}

TEST_CASE("expressions and zones at random, against every minute of a year") {
  std::mt19937_64 random(7);
  const auto pick = [&](auto... values) {
    const std::string all[] = {std::string(values)...};
    return all[random() % (sizeof all / sizeof all[0])];
  };
  for (int round = 0; round < (support::kSanitized ? 2 : 16); ++round) {
    const auto zone =
        zone_of(pick("Europe/Rome", "America/New_York", "Australia/Lord_Howe",
                     "Asia/Beirut", "Africa/Cairo", "UTC", "America/Asuncion")
                    .c_str());
    if (!zone) return;
    const std::string hour = pick("*", "*/2", "0", "2", "2,3", "0-4/2", "1-3");
    const std::string text = pick("0", "30", "*/15", "7,59") + " " + hour +
                             " " + pick("*", "*", "1", "25-31", "*/3") + " " +
                             pick("*", "*", "3,4,9-11") + " " +
                             pick("*", "*", "sun", "1-5");
    CAPTURE(text);
    CAPTURE(zone->name());
    const auto cron = Cron::parse(text);
    REQUIRE(cron);
    // The oracle walks the clock: running times when it shows them; fixed ones
    // when it shows them for the first time, or has jumped over them.
    const auto matches = [&](int64_t wall) {
      return cron->next_wall(wall - 1) == wall;
    };
    std::vector<int64_t> expected;
    const int64_t begin = utc("2026-01-01T00:00").us;
    const int64_t end = begin + int64_t{370} * 1440 * kMinute;
    int64_t greatest = zone->wall_at({begin}) - 60;
    for (int64_t at = begin; at < end; at += kMinute) {
      const int64_t wall = zone->wall_at({at});
      bool due = hour.starts_with('*') && matches(wall);
      if (!hour.starts_with('*'))
        for (int64_t w = greatest + 60; w <= wall; w += 60)
          due = due || matches(w);
      greatest = std::max(greatest, wall);
      if (due) expected.push_back(at);
    }
    std::vector<int64_t> found;
    for (auto at = cron->next_after({begin - 1}, *zone); at && at->us < end;
         at = cron->next_after(*at, *zone))
      found.push_back(at->us);
    REQUIRE(found == expected);
    std::vector<int64_t> backward;
    for (auto at = cron->last_before({end}, *zone); at && at->us >= begin;
         at = cron->last_before(*at, *zone))
      backward.push_back(at->us);
    std::ranges::reverse(backward);
    REQUIRE(backward == expected);
    // From any instant, not from due ones alone.
    for (int i = 0; i < 500; ++i) {
      const int64_t at =
          begin +
          static_cast<int64_t>(random() % static_cast<uint64_t>(end - begin));
      const auto after = std::ranges::upper_bound(expected, at);
      if (after == expected.end() || after == expected.begin()) continue;
      REQUIRE(cron->next_after({at}, *zone)->us == *after);
      REQUIRE(cron->last_before({at + 1}, *zone)->us == *std::prev(after));
    }
  }
}
