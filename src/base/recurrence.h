#pragma once
// Wall-clock times that recur, as instants in a zone: where calendars meet
// clocks that are set forward and back. Two readings, as cron has them:
// *fixed* times happen once a day each: one that was skipped in spring happens
// when the clock jumps over it, one that comes twice in autumn the first time.
// *Running* times happen whenever the clock shows them: what is hourly happens
// each real hour. Pure.

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/zone.h"

namespace base {

struct Recurrence {
  // The nearest such time of a wall clock after, and before, the given one.
  std::function<std::optional<WallSeconds>(WallSeconds)> next;
  std::function<std::optional<WallSeconds>(WallSeconds)> last;
  bool running = false;
};

// The first instant after `time`, and the last one before it.
std::optional<Timestamp> next_after(const Recurrence& recurrence,
                                    Timestamp time, const TimeZone& zone);
std::optional<Timestamp> last_before(const Recurrence& recurrence,
                                     Timestamp time, const TimeZone& zone);

}  // namespace base
