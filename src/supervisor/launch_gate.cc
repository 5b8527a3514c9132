#include "supervisor/launch_gate.h"

namespace supervisor {

void LaunchGate::enter(uint64_t slot, std::function<void()> launch) {
  waiting_.emplace_back(slot, std::move(launch));
  admit();
}

void LaunchGate::leave(uint64_t slot) {
  if (inside_.erase(slot) > 0) admit();
}

void LaunchGate::clear() {
  inside_.clear();
  admit();
}

void LaunchGate::admit() {
  while (inside_.size() < most_ && !waiting_.empty()) {
    auto [slot, launch] = std::move(waiting_.front());
    waiting_.pop_front();
    inside_.insert(slot);
    launch();
  }
}

}  // namespace supervisor
