#pragma once
// What the tree of each app uses, by looks at /proc that are cheap enough for
// every second: a process is classified when it is seen first, and those that
// are nobody's are not read again. Lives on one thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "supervisor/processes.h"

namespace supervisor {

class TreeMeter {
 public:
  // Where a tree begins.
  struct Root {
    int id = 0;  // of the instance
    int pid = 0;
  };
  struct Use {
    double cpu_percent = 0;  // of one core, since the look before
    // Resident, summed: pages that members share count for each.
    uint64_t memory_bytes = 0;
    int processes = 0;
  };
  // What there is to see.
  struct Source {
    std::function<std::vector<int>()> pids;  // ascending
    std::function<std::optional<ProcessInfo>(int pid)> read;
    // The instance whose mark is in its environment; -1 = none.
    std::function<int(int pid)> marked;
  };
  explicit TreeMeter(Source source) : source_(std::move(source)) {}

  // `keeper`: who adopts what lost its parent; 0 = whoever does. `uptime` of
  // what was never looked at makes its first figure: the average so far.
  void look(const std::vector<Root>& roots, int keeper, base::MonoTime now,
            const std::function<std::chrono::milliseconds(int id)>& uptime);
  // Null when that process was not there at the last look.
  const Use* of(int id, int pid) const;

 private:
  static constexpr int kNobody = -1;
  static constexpr int kUndecided = -2;
  struct Known {
    int owner = kUndecided;
    uint64_t start_ticks = 0;
    uint64_t seen = 0;  // in which look
    ProcessInfo info;
  };
  struct Tree {
    int pid = 0;
    uint64_t ticks = 0;  // of all members, at the last look
    uint64_t seen = 0;
    Use use;
  };
  int owner_of(const ProcessInfo& info, int keeper);
  void classify(std::vector<int> fresh, int keeper);

  Source source_;
  uint64_t look_ = 0;
  base::MonoTime looked_;
  std::unordered_map<int, int> roots_;  // instance by pid
  std::unordered_map<int, Known> known_;
  std::unordered_map<int, Tree> trees_;  // by instance
};

}  // namespace supervisor
