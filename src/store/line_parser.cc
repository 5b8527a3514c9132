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
  if (!prefix_.empty() && line.size() >= kPrefixSize &&
      std::memcmp(line.data(), prefix_.data(), kMinute.size()) == 0) {
    const bool same = std::memcmp(line.data() + kMinute.size(),
                                  prefix_.data() + kMinute.size(),
                                  kPrefixSize - kMinute.size()) == 0;
    const int64_t us = same ? 0 : parse_seconds(line.substr(kMinute.size()));
    if (us >= 0) {
      if (!same) {
        prefix_.assign(line.substr(0, kPrefixSize));
        time_.us = minute_us_ + us;
      }
      return {time_, {}, line.substr(kPrefixSize)};
    }
  }
  const Line parsed = parse_line(line);
  if (parsed.time && parsed.lead.empty()) {
    prefix_ = line.substr(0, kPrefixSize);
    time_ = *parsed.time;
    minute_us_ = time_.us - parse_seconds(line.substr(kMinute.size()));
  }
  return parsed;
}

}  // namespace store
