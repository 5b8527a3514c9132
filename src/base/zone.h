#pragma once
// Time zones by their IANA names, from the TZif files (RFC 8536) that the
// system keeps: what `log.tz` means and when the clocks are changed. Read here,
// because GCC 12 has no time-zone data and Debian's date library exists only as
// a shared library, which start-up can't afford; and localtime(3) knows one
// zone a process. A value, immutable once loaded; any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace base {

// What a wall clock shows, as seconds since it showed 1970-01-01 00:00:00.
using WallSeconds = int64_t;

struct ZoneData;

class TimeZone {
 public:
  struct Offset {
    int32_t seconds = 0;  // east of UTC
    std::string abbreviation;
  };
  // When a wall clock shows a time.
  struct Instants {
    enum class Kind {
      Once,
      Skipped,  // never: `first` and `second` are when the clock jumped over it
      Twice,    // it was set back: `first` and `second`
    };
    Kind kind = Kind::Once;
    Timestamp first;
    Timestamp second;
  };

  // "Europe/Rome", "UTC"; "" and "local" are this process's zone: TZ, else
  // /etc/localtime, else UTC. Errc::NotFound for an unknown zone; names that
  // lead out of the directory of zones are Errc::Invalid.
  static Result<TimeZone> load(std::string_view name);
  static TimeZone utc();
  // The bytes of a TZif file.
  static Result<TimeZone> parse(std::string_view bytes, std::string name);

  const std::string& name() const { return name_; }
  Offset offset_at(Timestamp time) const;
  // To the second; what is smaller is cut off.
  WallSeconds wall_at(Timestamp time) const;
  Instants instants_of(WallSeconds wall) const;

  // When the offset changes next, after `time`; nullopt: never.
  std::optional<Timestamp> next_change(Timestamp time) const;
  // When it changed last, at `time` or before.
  std::optional<Timestamp> last_change(Timestamp time) const;

 private:
  TimeZone(std::string name, std::shared_ptr<const ZoneData> data)
      : name_(std::move(name)), data_(std::move(data)) {}

  std::string name_;
  // Shared: copies of a zone are many, its table is large and never changes.
  std::shared_ptr<const ZoneData> data_;
};

}  // namespace base
