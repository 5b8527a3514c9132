#include "base/recurrence.h"

namespace base {
namespace {

constexpr int64_t kSecond = 1'000'000;

// A wall clock between two changes of its offset runs evenly: there the next
// time shown is the next one that recurs.
std::optional<Timestamp> next_shown(const Recurrence& recurrence,
                                    Timestamp time, const TimeZone& zone) {
  WallSeconds wall = zone.wall_at(time);
  for (;;) {
    const auto found = recurrence.next(wall);
    if (!found) return std::nullopt;
    const Timestamp at{(*found - zone.offset_at(time).seconds) * kSecond};
    const auto change = zone.next_change(time);
    if (!change || at < *change) return at;
    // The time that the clock is set to counts too.
    time = *change;
    wall = zone.wall_at(time) - 1;
  }
}

std::optional<Timestamp> last_shown(const Recurrence& recurrence,
                                    Timestamp time, const TimeZone& zone) {
  // `time` itself doesn't count, unless it is within a second that does.
  Timestamp before{time.us - 1};
  for (;;) {
    const auto found = recurrence.last(zone.wall_at(before) + 1);
    if (!found) return std::nullopt;
    const Timestamp at{(*found - zone.offset_at(before).seconds) * kSecond};
    const auto change = zone.last_change(before);
    if (!change || at >= *change) return at;
    before = {change->us - 1};
  }
}

}  // namespace

std::optional<Timestamp> next_after(const Recurrence& recurrence,
                                    Timestamp time, const TimeZone& zone) {
  if (recurrence.running) return next_shown(recurrence, time, zone);
  // While the clock shows times again, those were all there already.
  for (auto wall = recurrence.next(zone.wall_at(time)); wall;
       wall = recurrence.next(*wall)) {
    const Timestamp at = zone.instants_of(*wall).first;
    if (at > time) return at;
  }
  return std::nullopt;
}

std::optional<Timestamp> last_before(const Recurrence& recurrence,
                                     Timestamp time, const TimeZone& zone) {
  if (recurrence.running) return last_shown(recurrence, time, zone);
  const WallSeconds shown = zone.wall_at(time);
  const auto instants = zone.instants_of(shown);
  // Shown for the second time, later times were there before too.
  const int64_t again = (instants.second.us - instants.first.us) / kSecond;
  for (auto wall = recurrence.last(shown + again + 1); wall;
       wall = recurrence.last(*wall)) {
    const Timestamp at = zone.instants_of(*wall).first;
    if (at < time) return at;
  }
  return std::nullopt;
}

}  // namespace base
