#pragma once
// How `--timestamp FMT` writes a time: tokens as PM2's users know them from
// moment.js (`YYYY-MM-DD HH:mm:ss.SSS Z`, text in `[]` as it is), or strftime's
// conversions when there is a `%`, with %f for microseconds. Immutable; any
// thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/time_spec.h"

namespace query {

// Of `--timestamp` without a format, and of `--format`: as PM2 has them.
inline constexpr std::string_view kTimestampFormat = "YYYY-MM-DDTHH:mm:ss";
inline constexpr std::string_view kFormatTimestamp = "YYYY-MM-DD-HH:mm:ssZZ";

class TimeFormat {
 public:
  // Errc::Invalid for an empty one, and for a `%` or `[` that is left open.
  static base::Result<TimeFormat> parse(std::string_view text);

  void append(base::Timestamp time, base::Zone zone, std::string& into) const;

 private:
  struct Part {
    enum class Kind { Text, Token, Strftime } kind = Kind::Text;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace query
