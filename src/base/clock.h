#pragma once
// Time: wall-clock stamps for logs and people, monotonic time for timers.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// Wall-clock time in microseconds since 1970-01-01T00:00:00Z, the resolution
// of every stamp that Lodge writes.
struct Timestamp {
  int64_t us = 0;
  auto operator<=>(const Timestamp&) const = default;
};

using MonoTime = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;

// Time as a dependency: the system's in production, a hand-set one in tests.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  MonoTime mono() const override;
};

// "2026-11-21T10:15:02.123456Z", always kStampSize characters, for years 0 to
// 9999; times outside are clamped.
inline constexpr size_t kStampSize = 27;
void format_stamp(Timestamp time, char* into);  // writes kStampSize characters
std::string format_stamp(Timestamp time);
// The exact inverse; nullopt for anything else.
std::optional<Timestamp> parse_stamp(std::string_view text);

}  // namespace base
