#include "store/line_parser.h"

#include <cstdint>
#include <optional>

namespace store {
namespace {

constexpr std::string_view kMinute = "2026-11-21T10:15:";
constexpr int64_t kUsPerSecond = 1'000'000;

// "02.123456Z " after a minute, in microseconds; nullopt for all else.
std::optional<int64_t> parse_seconds(std::string_view text) {
  static constexpr std::string_view kShape = "##.######Z ";
  if (text.size() < kShape.size()) return std::nullopt;
  int64_t us = 0;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const char c = text[i];
    if (kShape[i] != '#') {
      if (c != kShape[i]) return std::nullopt;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    us = us * 10 + (c - '0');
  }
  if (us >= 60 * kUsPerSecond) return std::nullopt;
  return us;
}

}  // namespace

Line LineParser::parse(std::string_view line) {
  if (!minute_.empty() && line.starts_with(minute_))
    if (const auto us = parse_seconds(line.substr(kMinute.size())))
      return {
          base::Timestamp{minute_time_.us + *us}, {}, line.substr(kPrefixSize)};
  const Line parsed = parse_line(line);
  if (parsed.time && parsed.lead.empty()) {
    minute_ = line.substr(0, kMinute.size());
    minute_time_.us =
        parsed.time->us - *parse_seconds(line.substr(kMinute.size()));
  }
  return parsed;
}

}  // namespace store
