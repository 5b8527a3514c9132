#include "capture/stamper.h"

#include <algorithm>

namespace capture {
namespace {
constexpr int64_t kAbsorbedStepUs = 2'000'000;
}  // namespace

base::Timestamp Stamper::next() {
  const int64_t now = clock_.now().us;
  const auto last = static_cast<int64_t>(last_.load(std::memory_order_relaxed));
  const bool back = last - now >= kAbsorbedStepUs;
  if (back) ++steps_back_;
  const int64_t stamp = back ? now : std::max(now, last + 1);
  last_.store(static_cast<uint64_t>(stamp), std::memory_order_relaxed);
  return {stamp};
}

std::string_view Stamper::prefix(base::Timestamp stamp) {
  if (prefix_[0] == '\0' || stamp != formatted_) {
    base::format_stamp(stamp, prefix_.data());
    prefix_[base::kStampSize] = ' ';
    formatted_ = stamp;
  }
  return {prefix_.data(), prefix_.size()};
}

}  // namespace capture
