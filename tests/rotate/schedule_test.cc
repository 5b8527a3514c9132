#include "rotate/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/sanitized.h"

namespace {

using base::Timestamp;
using rotate::parse_schedule;
using rotate::Schedule;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

Timestamp utc(const std::string& text) {
  const auto time = base::parse_stamp(text + ":00.000000Z");
  REQUIRE_MESSAGE(time, text);
  return *time;
}

std::string show(Timestamp time) {
  return base::format_stamp(time).substr(0, 16);
}

std::optional<Schedule> schedule_of(const char* text, const char* zone) {
  auto schedule = parse_schedule(text, zone);
  if (schedule) return *schedule;
  if (schedule.error().code != base::Errc::NotFound)
    FAIL(schedule.error().message);
  MESSAGE("skipped: this system has no time zones");
  return std::nullopt;
}

// A live file whose app writes once a minute, and the rule by which callers
// seal it.
struct File {
  const Schedule& schedule;
  std::optional<Timestamp> first = {};
  std::vector<Timestamp> sealed = {};

  void look(Timestamp now) {
    const auto before = rotate::seal_before(now, &schedule, std::nullopt);
    if (!first || *first >= *before) return;
    sealed.push_back(now);
    first.reset();
  }
  void write(Timestamp now) {
    if (!first) first = now;
  }
  void minute(Timestamp now) {
    look(now);
    write(now);
  }
};

}  // namespace

TEST_CASE("what is due last and next") {
  struct Row {
    const char* text;
    const char* last;
    const char* next;
  };
  const Timestamp now = utc("2026-11-24T10:15");  // a Tuesday
  for (const auto& [text, last, next] : {
           Row{"hourly", "2026-11-24T10:00", "2026-11-24T11:00"},
           Row{"daily", "2026-11-24T00:00", "2026-11-25T00:00"},
           Row{"weekly", "2026-11-22T00:00", "2026-11-29T00:00"},
           Row{"monthly", "2026-11-01T00:00", "2026-12-01T00:00"},
           Row{"30m", "2026-11-24T10:00", "2026-11-24T10:30"},
           Row{"15m", "2026-11-24T10:15", "2026-11-24T10:30"},
           Row{"6h", "2026-11-24T06:00", "2026-11-24T12:00"},
           Row{"1d", "2026-11-24T00:00", "2026-11-25T00:00"},
           Row{"90m", "2026-11-24T09:00", "2026-11-24T10:30"},
           Row{"@daily", "2026-11-24T00:00", "2026-11-25T00:00"},
           Row{"15 10 * * *", "2026-11-24T10:15", "2026-11-25T10:15"},
           Row{"0 3 * * mon", "2026-11-23T03:00", "2026-11-30T03:00"},
           // They divide no day: counted from 1970-01-01, a Thursday.
           Row{"7d", "2026-11-19T00:00", "2026-11-26T00:00"},
           Row{"5h", "2026-11-24T06:00", "2026-11-24T11:00"},
       }) {
    CAPTURE(text);
    const auto schedule = parse_schedule(text, "UTC");
    REQUIRE(schedule);
    CHECK(show(schedule->last_due(now)) == last);
    CHECK(show(schedule->next_due(now)) == next);
    // A due time is the last one at once, and the next one no more.
    const Timestamp due = schedule->next_due(now);
    CHECK(schedule->last_due(due) == due);
    CHECK(schedule->last_due({due.us - 1}) == schedule->last_due(now));
    CHECK(schedule->next_due(due) > due);
  }
}

TEST_CASE("what is no schedule says what is one") {
  for (const char* const text : {"", "30", "daly", "0s", "500ms", "-1h", "1.5s",
                                 "60 * * * *", "@reboot", "* * *"}) {
    CAPTURE(text);
    const auto schedule = parse_schedule(text, "UTC");
    REQUIRE_FALSE(schedule);
    CHECK(schedule.error().code == base::Errc::Invalid);
    CHECK_FALSE(schedule.error().hint.empty());
  }
  CHECK(parse_schedule("daily", "Europe/Atlantis").error().code ==
        base::Errc::NotFound);
}

TEST_CASE(
    "a year minute by minute: one rotation a day, whatever the clocks do") {
  for (const char* const text :
       {"daily", "30 2 * * *", "0 3 * * *", "0 0 * * *", "24h"}) {
    CAPTURE(text);
    const auto schedule = schedule_of(text, "Europe/Rome");
    if (!schedule) return;
    File file{*schedule};
    // A calendar year of Rome, a second after each minute.
    const int64_t begin = utc("2025-12-31T23:00").us;
    const int64_t step = support::kSanitized ? 10 * kMinute : kMinute;
    for (int64_t at = begin; at < begin + 365 * kDay; at += step)
      file.minute({at + kSecond});
    // The first minute of midnight schedules begins on the due time itself.
    const bool midnight =
        std::string(text) != "30 2 * * *" && std::string(text) != "0 3 * * *";
    CHECK(file.sealed.size() == (midnight ? 364 : 365));
    for (size_t i = 1; i < file.sealed.size(); ++i) {
      const auto day_of = [&](Timestamp time) {
        return schedule->zone().wall_at(time) / 86'400;
      };
      REQUIRE(day_of(file.sealed[i]) == day_of(file.sealed[i - 1]) + 1);
    }
  }
}

TEST_CASE("a year minute by minute: one rotation each real hour") {
  for (const char* const text : {"hourly", "1h", "0 * * * *"}) {
    CAPTURE(text);
    const auto schedule = schedule_of(text, "Europe/Rome");
    if (!schedule) return;
    for (const auto& [year, hours] :
         {std::pair{"2025-12-31T23:00", 8760}, {"2027-12-31T23:00", 8784}}) {
      File file{*schedule};
      const int64_t begin = utc(year).us;
      const int64_t step = support::kSanitized ? 10 * kMinute : kMinute;
      for (int64_t at = begin - kMinute; at < begin + hours * kHour; at += step)
        file.minute({at + kSecond});
      CHECK(file.sealed.size() == static_cast<size_t>(hours));
    }
  }
}

TEST_CASE("three days of sleep are caught up with by one rotation") {
  const auto schedule = parse_schedule("daily", "UTC");
  REQUIRE(schedule);
  File file{*schedule};
  const int64_t begin = utc("2026-11-20T22:00").us;
  for (int64_t at = begin; at < begin + kHour; at += kMinute) file.minute({at});
  const int64_t woken = utc("2026-11-23T21:30").us;
  for (int64_t at = woken; at < woken + kHour; at += kMinute) file.minute({at});
  CHECK(file.sealed == std::vector{Timestamp{woken}});
}

TEST_CASE("a daemon that starts often rotates no more often") {
  const auto schedule = parse_schedule("hourly", "UTC");
  REQUIRE(schedule);
  File file{*schedule};
  const int64_t begin = utc("2026-11-20T22:30").us;
  for (int64_t at = begin; at < begin + 2 * kHour; at += kMinute)
    for (int starts = 0; starts < 3; ++starts) {
      // It knows nothing but the file.
      File again{*schedule, file.first};
      again.minute({at});
      file.first = again.first;
      file.sealed.insert(file.sealed.end(), again.sealed.begin(),
                         again.sealed.end());
    }
  CHECK(file.sealed.size() == 2);
}

TEST_CASE("a clock that is set rotates at most once for a due time it passes") {
  const auto schedule = parse_schedule("daily", "UTC");
  REQUIRE(schedule);
  const int64_t midnight = utc("2026-11-21T00:00").us;
  SUBCASE("back by a second, absorbed by the stamps") {
    File file{*schedule};
    file.write({midnight - kHour});
    file.look({midnight + kSecond});
    file.write({midnight + kSecond});
    for (int i = 0; i < 10; ++i) {
      file.look({midnight - kSecond});
      file.look({midnight + 2 * kSecond});
    }
    CHECK(file.sealed.size() == 1);
  }
  SUBCASE("back by a day") {
    File file{*schedule};
    file.write({midnight - kHour});
    file.look({midnight + kHour});
    // Stamps follow the clock: what was written since is of the future.
    file.write({midnight + kHour});
    for (int64_t at = midnight - kDay; at < midnight + kHour; at += kMinute)
      file.look({at});
    CHECK(file.sealed.size() == 1);
    file.look({midnight + kDay});
    CHECK(file.sealed.size() == 2);
  }
  SUBCASE("forth by a year and back") {
    File file{*schedule};
    file.write({midnight + kHour});
    file.look({midnight + 365 * kDay});
    CHECK(file.sealed.size() == 1);
    file.write({midnight + 365 * kDay});
    for (int64_t at = midnight + 2 * kHour; at < midnight + 3 * kDay;
         at += kHour)
      file.look({at});
    CHECK(file.sealed.size() == 1);
  }
  SUBCASE("to 1970") {
    File file{*schedule};
    file.write({midnight});
    for (int64_t at = 0; at < 3 * kDay; at += kHour) file.look({at});
    CHECK(file.sealed.empty());
  }
}

TEST_CASE("a file is sealed by its age, by the calendar, or never") {
  using namespace std::chrono_literals;
  const auto daily = parse_schedule("daily", "UTC");
  REQUIRE(daily);
  const Timestamp now = utc("2026-11-24T10:00");
  CHECK_FALSE(rotate::seal_before(now, nullptr, std::nullopt));
  CHECK(show(*rotate::seal_before(now, nullptr)) == "2026-11-23T10:00");
  CHECK(show(*rotate::seal_before(now, &*daily)) == "2026-11-24T00:00");
  CHECK(show(*rotate::seal_before(now, &*daily, 1h)) == "2026-11-24T09:00");
  CHECK(rotate::seal_before({5}, nullptr, 24h) == Timestamp{0});
}
