#pragma once
// How many bytes a file may take: a token bucket (as in the kernel's traffic
// shaping), asked line by line only when it runs low. Pure: time is handed in.
// One per sink, on the capture thread.

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "capture/options.h"

namespace capture {

class Rate {
 public:
  explicit Rate(const SinkOptions::Rate& rate);

  bool limited() const { return rate_.bytes != 0; }

  struct Verdict {
    size_t keep = 0;  // the first bytes of what was asked for, whole lines
    size_t drop = 0;  // or, when that is 0, so many are to be dropped
  };
  // About `bytes` that wait. `mid_line`: they begin within a line that is in
  // the file already; its rest is never dropped.
  Verdict judge(std::string_view bytes, bool mid_line, base::MonoTime now);
  // So many bytes of what was kept were not written after all.
  void refund(size_t bytes) { tokens_ += static_cast<double>(bytes); }

 private:
  void refill(base::MonoTime now);
  bool is_sample();

  const SinkOptions::Rate rate_;
  double tokens_ = 0;  // bytes; below zero after a line that was too long
  base::MonoTime filled_;
  bool started_ = false;
  uint64_t over_ = 0;  // lines that were over the limit
};

}  // namespace capture
