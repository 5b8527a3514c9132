#pragma once
// Stamps for batches: the wall clock, made strictly increasing over all batches
// of a capture thread, so that no two share a stamp and streams merge back in
// the order in which they were read. Lives on the capture thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "store/line.h"

namespace capture {

class Stamper {
 public:
  // `last`: where the last stamp is kept for who comes after us.
  Stamper(const base::Clock& clock, std::atomic<uint64_t>& last)
      : clock_(clock), last_(last) {}

  // A stamp for what was read just now: the clock, or one microsecond more
  // than the last stamp. A clock that was set back by less than 2 s is absorbed
  // so; after a greater step stamps follow the clock.
  base::Timestamp next();

  // How often next() has followed the clock back. A live file with stamps from
  // before is sealed: its stamps would run backward.
  uint64_t steps_back() const { return steps_back_; }

  // `stamp` as it begins a line on disk. Formatted once for many lines; valid
  // until the next call.
  std::string_view prefix(base::Timestamp stamp);

 private:
  const base::Clock& clock_;
  std::atomic<uint64_t>& last_;  // microseconds
  uint64_t steps_back_ = 0;
  base::Timestamp formatted_;
  std::array<char, store::kPrefixSize> prefix_{};
};

}  // namespace capture
