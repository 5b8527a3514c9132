#include "daemon/write_rates.h"

#include <chrono>

namespace daemon_ {

void WriteRates::look(const std::vector<capture::LiveState>& states,
                      base::MonoTime now) {
  const double seconds = std::chrono::duration<double>(now - at_).count();
  at_ = now;
  ++look_;
  for (const auto& state : states) {
    auto& entry = entries_[state.path];
    // One that has a new writer counts from nothing again.
    const bool goes_on =
        entry.look + 1 == look_ && state.written >= entry.written;
    const uint64_t more = goes_on ? state.written - entry.written : 0;
    entry = {.written = state.written,
             .rate = seconds > 0 ? static_cast<uint64_t>(
                                       static_cast<double>(more) / seconds)
                                 : 0,
             .look = look_};
  }
  if (entries_.size() > states.size())
    std::erase_if(entries_,
                  [this](const auto& one) { return one.second.look != look_; });
}

uint64_t WriteRates::of(const std::string& path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? 0 : found->second.rate;
}

}  // namespace daemon_
