#pragma once
// Stamps for batches: the wall clock, made strictly increasing over all batches
// of a capture thread, so that no two share a stamp and streams merge back in
// the order in which they were read. Lives on the capture thread.

#include <array>
#include <string_view>

#include "base/clock.h"
#include "store/line.h"

namespace capture {

class Stamper {
 public:
  explicit Stamper(const base::Clock& clock) : clock_(clock) {}

  // A stamp for what was read just now: the clock, or one microsecond more
  // than the last stamp. A clock that was set back by less than 2 s is absorbed
  // so; after a greater step stamps follow the clock.
  base::Timestamp next();

  // Whether the last next() followed the clock back. This is where a live file
  // will be sealed once files are sealed: its stamps would run backward.
  bool stepped_back() const { return stepped_back_; }

  // `stamp` as it begins a line on disk. Formatted once for many lines; valid
  // until the next call.
  std::string_view prefix(base::Timestamp stamp);

 private:
  const base::Clock& clock_;
  base::Timestamp last_;
  bool stepped_back_ = false;
  base::Timestamp formatted_;
  std::array<char, store::kPrefixSize> prefix_{};
};

}  // namespace capture
