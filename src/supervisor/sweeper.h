#pragma once
// Ends process trees: signals all members, waits until none is left, and kills
// those that stay. One look at /proc every 20 ms serves all trees under way;
// the looks take a third of the time at most, however many processes there are.
// Lives on the control loop.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "supervisor/processes.h"

namespace supervisor {

struct Sweep {
  int root = 0;  // see ProcessSnapshot::Tree
  bool root_ended = false;
  std::string tag;
  bool root_alone = false;  // whoever else is of the tree is left alone
  std::string group;  // directory of its control group; empty = it has none
  int signal = 0;
  std::chrono::milliseconds kill_after{0};  // then SIGKILL, whoever is found
  std::function<void()> on_empty;  // nobody is left; called once, may be empty
};

class Sweeper {
 public:
  Sweeper(base::EventLoop& loop, const base::Clock& clock);

  // Signals in the loop's next turn. The handle is never 0.
  uint64_t begin(Sweep sweep);
  // The root has been reaped. Members that outlive it by kOrphanGrace get
  // SIGTERM: background jobs of a shell ignore SIGINT.
  void root_ended(uint64_t handle);
  void cancel(uint64_t handle);

  // The keeper, below which trees are looked for; 0 = everywhere.
  void set_ancestor(int pid) { ancestor_ = pid; }
  int ancestor() const { return ancestor_; }

 private:
  struct Job {
    Sweep sweep;
    base::MonoTime begun;
    base::MonoTime root_ended_at;
    bool signalled = false;
    bool terminated = false;
    bool seen_empty = false;
  };
  void tick();
  bool visit(Job& job, ProcessSnapshot& snapshot);
  std::vector<int> members(const Sweep& sweep, ProcessSnapshot& snapshot) const;

  const base::Clock& clock_;
  base::Timer timer_;
  int ancestor_ = 0;
  uint64_t next_ = 1;
  std::map<uint64_t, Job> jobs_;
  std::optional<ProcessSnapshot> last_;  // while there are jobs
};

}  // namespace supervisor
