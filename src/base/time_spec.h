#pragma once
// Times as people write them (`--since 10m`, `--until 10:15`) and wall-clock
// times for people to read. Pure functions of their arguments and, unless UTC
// is asked for, of the caller's zone (TZ). Thread-safe.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace base {

enum class Zone { Local, Utc };

// RFC 3339, `2026-11-21 10:15[:30[.5]]`, `2026-11-21`, `10:15[:30]` (later than
// `now` means yesterday's), `-10m`, `10m`, `2h ago`, `now`, `today`,
// `yesterday`, `@1795256100.123`. Errc::Invalid, with the forms as hint, for
// anything else.
Result<Timestamp> parse_time(std::string_view text, Timestamp now, Zone zone);

// A moment's calendar in a zone.
struct WallTime {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int us = 0;
};
WallTime wall_time(Timestamp time, Zone zone);
// "2026-11-21 10:15:02", as parse_time() reads it.
std::string format_wall_time(Timestamp time, Zone zone);
// "CET" or what the zone is called at that time.
std::string zone_name(Timestamp time, Zone zone);

}  // namespace base
