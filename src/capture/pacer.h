#pragma once
// How long capture rests before it looks at the pipes again: long enough that
// a child which writes line by line is read about a thousand times a second
// instead of once per line, short enough that no pipe fills meanwhile. Pure;
// one per capture thread.

#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace capture {

class Pacer {
 public:
  // What one turn found in one pipe. A read that ended because the buffer did,
  // not the pipe, is reported with `more`.
  void on_read(size_t bytes, size_t capacity, bool more);

  // At the end of a turn: the time to rest, zero for not at all.
  std::chrono::microseconds rest(base::MonoTime now);

 private:
  size_t busy_ = 0;     // pipes read in this turn
  double fullest_ = 0;  // greatest share of a pipe that was full
  bool more_ = false;
  base::MonoTime last_turn_;
};

}  // namespace capture
