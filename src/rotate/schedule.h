#pragma once
// When live files are sealed by the calendar: the setting `log.rotate`, read in
// `log.tz`. A file is sealed when its first line is older than the last due
// time: so whatever is restarted, slept through or set, a due time seals a file
// once at most, and one that was missed is caught up with once. Pure.

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/cron.h"
#include "base/result.h"
#include "base/zone.h"

namespace rotate {

class Schedule {
 public:
  // The last due time, at `now` or before.
  base::Timestamp last_due(base::Timestamp now) const;
  // The first one after `now`.
  base::Timestamp next_due(base::Timestamp now) const;
  const base::TimeZone& zone() const { return zone_; }

 private:
  friend base::Result<Schedule> parse_schedule(std::string_view text,
                                               std::string_view zone_name);
  explicit Schedule(base::TimeZone zone) : zone_(std::move(zone)) {}
  base::Recurrence grid() const;

  base::TimeZone zone_;
  std::optional<base::Cron> cron_;
  int64_t period_ = 0;  // seconds, when there is no cron
};

// "hourly", "daily", "weekly" (Sunday), "monthly", at the beginning of each; a
// period such as "30m" or "6h", counted from midnight when it divides a day,
// else from 1970; or a cron expression. Zones as in base/zone.h.
base::Result<Schedule> parse_schedule(std::string_view text,
                                      std::string_view zone_name);

// A live file whose first line is older than this is to be sealed now: by the
// calendar, or by its age. nullopt: neither is asked for.
std::optional<base::Timestamp> seal_before(
    base::Timestamp now, const Schedule* schedule,
    std::optional<std::chrono::milliseconds> max_age = std::chrono::hours(24));

}  // namespace rotate
