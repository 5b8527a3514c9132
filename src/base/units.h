#pragma once
// Sizes and durations as people write them, both ways.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// "10M", "10MB", "10MiB" are all 10 * 2^20; a bare number is bytes.
Result<uint64_t> parse_size(std::string_view text);
// "500" (milliseconds), "500ms", "2s", "10m", "1h", "7d", "2w"; "1.5s" too.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// Whether a duration says what its number counts.
bool has_unit(std::string_view text);

std::string format_size(uint64_t bytes);  // "41.2 MB"
// Nothing rounded away, as it would be typed: "10M", "1500"; "10s", "1500ms".
std::string exact_size(uint64_t bytes);
std::string exact_duration(std::chrono::milliseconds time);
std::string format_duration(std::chrono::milliseconds time);  // "3h12m", "0.2s"
// PM2's uptime column: "12s", "5m", "3h", "2D".
std::string format_uptime(std::chrono::milliseconds time);

}  // namespace base
