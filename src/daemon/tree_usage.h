#pragma once
// What whole process trees use, from one look at all processes after the other.
// Pure but for whoever reads them.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "supervisor/processes.h"

namespace daemon_ {

// A tree: its first process, those below it and those of its session; and
// whoever left both but was found to bear its tag.
struct TreeRoot {
  int id = 0;  // of the instance
  int pid = 0;
  std::string tag;  // supervisor::Life::tag()
};

struct TreeUsage {
  int pid = 0;                // of the root
  uint64_t memory_bytes = 0;  // resident, of all of them
  double cpu_percent = 0;     // of one processor, since the look before
  int processes = 0;
  base::MonoTime at;

  bool operator==(const TreeUsage&) const = default;
};

class TreeTally {
 public:
  // `strays`: tags of processes that are below nobody's root, by pid.
  std::map<int, TreeUsage> take(
      const std::vector<supervisor::ProcessInfo>& all,
      const std::vector<TreeRoot>& roots,
      const std::unordered_map<int, std::string>& strays, base::MonoTime now);

  // Who was in a tree when last looked at.
  bool is_member(int pid) const { return ticks_.contains(pid); }

 private:
  struct Ticks {
    uint64_t start = 0;  // tells a number's processes apart
    uint64_t cpu = 0;
  };
  std::unordered_map<int, Ticks> ticks_;
  base::MonoTime before_;
};

}  // namespace daemon_
