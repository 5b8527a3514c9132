#pragma once
// What the trees of some apps hold in memory. Cheap enough for once a second:
// who belongs to a tree is looked up less often when there are many processes,
// and what several share is told apart only where a limit is passed. Blocking,
// for some milliseconds: for one worker at a time.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/processes.h"

namespace supervisor {

struct TreeRoot {
  int id = 0;  // of the instance
  int pid = 0;
  std::string tag;     // what kTagVariable begins with in all its processes
  uint64_t limit = 0;  // bytes
};

// The processes of each root, by its id: what shares its session, what descends
// from those, and orphans that bear its tag. Orphans are children of
// `adopter` (0: of nobody known) or of process 1. Pure but for `tag_of`.
std::map<int, std::vector<ProcessInfo>> processes_by_root(
    const std::vector<ProcessInfo>& all, std::span<const TreeRoot> roots,
    int adopter, const std::function<std::string(const ProcessInfo&)>& tag_of);

class TreeMemory {
 public:
  struct Passed {
    int id = 0;
    int pid = 0;
    uint64_t bytes = 0;
  };
  // Those whose tree holds more than its limit.
  std::vector<Passed> look(std::span<const TreeRoot> roots, int adopter);

 private:
  using Steady = std::chrono::steady_clock;
  void find_members(std::span<const TreeRoot> roots, int adopter);
  uint64_t resident(int id);
  void drop_strangers(int id);
  uint64_t proportional(int id) const;

  std::map<int, std::vector<ProcessInfo>> members_;  // by id
  std::map<int, int> looked_for_;                    // pid of each root then
  Steady::time_point next_find_{};
  std::string newest_;  // process of all, then
  struct Tag {
    uint64_t start_ticks = 0;
    std::string text;
  };
  std::unordered_map<int, Tag> tags_;  // of orphans, by pid
};

}  // namespace supervisor
