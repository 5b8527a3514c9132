#pragma once
// Whether logs come faster than they could be compressed: then to compress them
// takes the processor and the memory from those who write, and keeps nothing.
// Thread-safe.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace daemon_ {

class Flood {
 public:
  explicit Flood(const base::Clock& clock) : clock_(clock) {}

  // From one thread.
  void sealed(uint64_t bytes) {
    const int64_t now = microseconds();
    const int64_t since = now - last_.exchange(now);
    // Bytes in a microsecond are megabytes in a second.
    const auto rate = static_cast<int64_t>(bytes) / (since > 0 ? since : 1);
    rate_ = (rate_ + (rate < kMost ? rate : kMost)) / 2;
  }
  bool is_on() const { return rate_ > kFast && microseconds() - last_ < kOver; }

 private:
  static constexpr int64_t kFast = 500;  // two archivers', MB/s
  static constexpr int64_t kMost = 4 * kFast;
  static constexpr int64_t kOver = 300'000;  // us without a seal
  int64_t microseconds() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               clock_.mono().time_since_epoch())
        .count();
  }

  const base::Clock& clock_;
  std::atomic<int64_t> last_{0};
  std::atomic<int64_t> rate_{0};
};

}  // namespace daemon_
