#pragma once
// The level that a line gives itself: in JSON ("level":"error", "severity",
// pino's numbers), behind a prefix that says none too, in logfmt (level=warn)
// and in common text ([ERROR], WARN:, glog's I0123, syslog's <3>), colours left
// out. Archives count lines by level in their index, so a change of what is
// detected is a new kLevelDetector: counts made by another detector say nothing
// about what this one finds. Pure; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "store/line.h"

namespace store {

enum class Level : uint8_t { Trace, Debug, Info, Warn, Error, Fatal, Unknown };
inline constexpr size_t kLevels = 7;
// Grows whenever detect_level() answers otherwise for any line.
inline constexpr uint16_t kLevelDetector = 4;
// A level is looked for in so many of a line's first bytes, and no further: in
// JSON it may stand behind a long message.
inline constexpr size_t kLevelReach = size_t{16} << 10;

// Of the child's bytes, without '\n'; of a long line its first kLevelReach will
// do.
Level detect_level(std::string_view line);
// Of a line as parse_line() takes it apart.
Level detect_level(const Line& line);

std::string_view level_name(Level level);  // "error", "unknown"
// "error", "ERR", "Warning"...: any word that detect_level() understands.
std::optional<Level> parse_level(std::string_view word);

}  // namespace store
