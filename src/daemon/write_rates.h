#pragma once
// How fast each log is being written, as `list` shows it: between the last two
// looks, a second apart. Lives on the control loop.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "capture/requests.h"

namespace daemon_ {

class WriteRates {
 public:
  void look(const std::vector<capture::LiveState>& states, base::MonoTime now);
  // Bytes in a second; 0 for a file that nobody writes.
  uint64_t of(const std::string& path) const;

 private:
  struct Entry {
    uint64_t written = 0;
    uint64_t rate = 0;
    uint64_t look = 0;  // the last that it was in
  };
  std::unordered_map<std::string, Entry> entries_;
  base::MonoTime at_{};
  uint64_t look_ = 1;  // an entry that is new was in none of them
};

}  // namespace daemon_
