#include "store/line_parser.h"

#include <cstdint>
#include <cstring>

namespace store {
namespace {

constexpr std::string_view kMinute = "2026-11-21T10:15:";
constexpr int64_t kUsPerSecond = 1'000'000;

// "02.123456Z " after a minute, in microseconds; -1 for all else.
int64_t parse_seconds(std::string_view text) {
  static constexpr std::string_view kShape = "##.######Z ";
  if (text.size() < kShape.size()) return -1;
  int64_t us = 0;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const char c = text[i];
    if (kShape[i] != '#') {
      if (c != kShape[i]) return -1;
      continue;
    }
    if (c < '0' || c > '9') return -1;
    us = us * 10 + (c - '0');
  }
  return us < 60 * kUsPerSecond ? us : -1;
}

}  // namespace

Line LineParser::parse(std::string_view line) {
  // (A size that is known is compared in place.)
  if (!minute_.empty() && line.size() >= kMinute.size() &&
      std::memcmp(line.data(), minute_.data(), kMinute.size()) == 0)
    if (const int64_t us = parse_seconds(line.substr(kMinute.size())); us >= 0)
      return {
          base::Timestamp{minute_time_.us + us}, {}, line.substr(kPrefixSize)};
  const Line parsed = parse_line(line);
  if (parsed.time && parsed.lead.empty()) {
    minute_ = line.substr(0, kMinute.size());
    minute_time_.us =
        parsed.time->us - parse_seconds(line.substr(kMinute.size()));
  }
  return parsed;
}

}  // namespace store
