#pragma once
// Cron expressions: `minute hour day month weekday`, each `*`, numbers, ranges,
// steps, lists, names of months and days (7 is Sunday too); `@hourly` and its
// like. As in Vixie cron: when both day fields are given, either will do; when
// one begins with `*`, both must hold. An hour field that begins with `*` makes
// times running, else they are fixed (recurrence.h). Pure.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/recurrence.h"
#include "base/result.h"

namespace base {

class Cron {
 public:
  // Errc::Invalid says which field is wrong and what it may be; a day that
  // never comes (30 2) is wrong too.
  static Result<Cron> parse(std::string_view text);

  std::optional<Timestamp> next_after(Timestamp time,
                                      const TimeZone& zone) const;
  // Before, not at `time`.
  std::optional<Timestamp> last_before(Timestamp time,
                                       const TimeZone& zone) const;

  // Of a wall clock, whole minutes.
  std::optional<WallSeconds> next_wall(WallSeconds after) const;
  std::optional<WallSeconds> last_wall(WallSeconds before) const;

 private:
  bool has_day(int64_t day) const;  // since 1970-01-01
  std::optional<int64_t> find_day(int64_t from, int step) const;
  Recurrence recurrence() const;

  // A bit for each value that will do.
  uint64_t minutes_ = 0;
  uint64_t hours_ = 0;
  uint64_t days_ = 0;
  uint64_t months_ = 0;
  uint64_t weekdays_ = 0;
  bool both_days_ = false;  // the day of the month and the weekday must do
  bool running_ = false;
};

}  // namespace base
