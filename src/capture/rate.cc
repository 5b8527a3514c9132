#include "capture/rate.h"

#include <algorithm>

namespace capture {
namespace {
constexpr uint64_t kSampleEvery = 100;

size_t line_size(std::string_view bytes) {
  const size_t newline = bytes.find('\n');
  return newline == bytes.npos ? bytes.size() : newline + 1;
}
}  // namespace

Rate::Rate(const SinkOptions::Rate& rate) : rate_(rate) {}

void Rate::refill(base::MonoTime now) {
  const auto most =
      static_cast<double>(rate_.burst != 0 ? rate_.burst : rate_.bytes);
  if (!started_) {
    started_ = true;
    tokens_ = most;
  } else {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    tokens_ =
        std::min(most, tokens_ + seconds * static_cast<double>(rate_.bytes));
  }
  filled_ = now;
}

Rate::Verdict Rate::judge(std::string_view bytes, bool mid_line,
                          base::MonoTime now) {
  if (!limited()) return {bytes.size(), 0};
  refill(now);
  Verdict verdict;
  size_t at = 0;
  if (mid_line) {
    at = line_size(bytes);
    tokens_ -= static_cast<double>(at);
    verdict.keep = at;
  }
  if (static_cast<double>(bytes.size() - at) <= tokens_) {
    tokens_ -= static_cast<double>(bytes.size() - at);
    verdict.keep = bytes.size();
    return verdict;
  }
  while (at < bytes.size()) {
    const size_t size = line_size(bytes.substr(at));
    const bool fits = tokens_ > 0;
    const bool keep = fits || is_sample();
    if (keep ? verdict.drop > 0 : verdict.keep > 0) {
      if (!fits) --over_;  // this line is asked about again
      break;
    }
    (keep ? verdict.keep : verdict.drop) += size;
    if (fits) tokens_ -= static_cast<double>(size);
    at += size;
  }
  return verdict;
}

// Of a line that is over the limit.
bool Rate::is_sample() {
  ++over_;
  return rate_.then == SinkOptions::Rate::Then::Sample &&
         over_ % kSampleEvery == 0;
}

}  // namespace capture
