#include "capture/stamper.h"

#include <algorithm>

namespace capture {
namespace {
constexpr int64_t kAbsorbedStepUs = 2'000'000;
}  // namespace

base::Timestamp Stamper::next() {
  const base::Timestamp now = clock_.now();
  stepped_back_ = last_.us - now.us >= kAbsorbedStepUs;
  last_.us = stepped_back_ ? now.us : std::max(now.us, last_.us + 1);
  return last_;
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
