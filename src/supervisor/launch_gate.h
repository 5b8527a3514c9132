#pragma once
// Of hundreds of apps that are to start at once, a few at a time: the keeper
// forks one after the other, and what is asked of it beyond its queue would
// keep the loop waiting. Lives on the control loop.

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <utility>

namespace supervisor {

class LaunchGate {
 public:
  explicit LaunchGate(size_t most) : most_(most) {}

  // Calls `launch` now, or when others have left.
  void enter(uint64_t slot, std::function<void()> launch);
  // The launch was answered, or will not be. Of a slot that is not inside it
  // does nothing.
  void leave(uint64_t slot);
  // Nothing that is under way will be answered.
  void clear();

 private:
  void admit();

  const size_t most_;
  std::set<uint64_t> inside_;
  std::deque<std::pair<uint64_t, std::function<void()>>> waiting_;
};

}  // namespace supervisor
