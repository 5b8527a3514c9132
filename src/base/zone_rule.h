#pragma once
// What a zone does for ever after: a POSIX TZ string, "CET-1CEST,M3.5.0,
// M10.5.0/3", as it ends a TZif file or stands in TZ. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct ZoneRule {
  struct Kind {          // of time
    int32_t offset = 0;  // seconds east of UTC
    std::string abbreviation;
  };
  struct Date {  // of each year, when the clocks are changed
    enum class Form { MonthWeek, DayOfYear, DayOfYearNoLeap } form{};
    int month = 0;        // 1 to 12
    int week = 0;         // 1 to 5; 5 is the last
    int day = 0;          // weekday 0 to 6, or day of the year
    int32_t time = 7200;  // seconds since midnight; beyond the day too
  };
  Kind standard;
  std::optional<Kind> summer;
  Date begin;  // of summer time, by standard time
  Date end;    // by summer time

  struct Change {
    int64_t at = 0;  // seconds since 1970
    bool summer = false;
  };
  // Those from the year before to the year after that of `at`, ascending; none
  // for a zone that doesn't change its clocks.
  std::vector<Change> changes_around(int64_t at) const;
  const Kind& kind_at(int64_t at) const;
};

std::optional<ZoneRule> parse_zone_rule(std::string_view text);

}  // namespace base
