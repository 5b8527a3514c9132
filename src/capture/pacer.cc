#include "capture/pacer.h"

#include <algorithm>
#include <utility>

namespace capture {
namespace {

using std::chrono::microseconds;

constexpr microseconds kRest{1'000};
constexpr microseconds kRestWhenBusy{10'000};
constexpr size_t kBusy = 32;  // pipes in one turn
// A pipe may fill to this share while we rest, judged by how fast it filled.
constexpr double kMayFill = 0.25;
// Shorter than the kernel's timer slack: not worth a system call.
constexpr microseconds kTooShort{80};

}  // namespace

void Pacer::on_read(size_t bytes, size_t capacity, bool more) {
  ++busy_;
  more_ = more_ || more;
  fullest_ = std::max(
      fullest_, static_cast<double>(bytes) / static_cast<double>(capacity));
}

microseconds Pacer::rest(base::MonoTime now) {
  const double fullest = std::exchange(fullest_, 0);
  const size_t busy = std::exchange(busy_, 0);
  const bool more = std::exchange(more_, false);
  const auto elapsed = now - std::exchange(last_turn_, now);
  if (busy == 0 || more) return microseconds{0};
  const microseconds limit = busy > kBusy ? kRestWhenBusy : kRest;
  if (fullest <= 0) return limit;
  const double us = std::chrono::duration<double, std::micro>(elapsed).count() *
                    kMayFill / fullest;
  const microseconds rest(
      static_cast<int64_t>(std::min(us, static_cast<double>(limit.count()))));
  return rest < kTooShort ? microseconds{0} : rest;
}

}  // namespace capture
