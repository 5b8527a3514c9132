#pragma once
// Ends process trees: signals all members, waits until none is left, and kills
// those that stay. Looks at /proc every 20 ms, once for all trees under way.
// Lives on the control loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "supervisor/processes.h"

namespace supervisor {

struct Sweep {
  int root = 0;  // pid of the instance's own process; 0 = never had one
  bool root_ended = false;
  std::string tag;  // prefix of the members' kTagVariable
  int signal = 0;
  std::chrono::milliseconds kill_after{0};  // then SIGKILL, whoever is found
  std::function<void()> on_empty;           // no member is alive; called once
};

class Sweeper {
 public:
  // `ancestor`: the keeper, below which orphans are looked for.
  Sweeper(base::EventLoop& loop, const base::Clock& clock, int ancestor);

  // Signals at once; on_empty comes from the loop, never from within.
  uint64_t begin(Sweep sweep);
  // The root has been reaped. Members that outlive it by kOrphanGrace get
  // SIGTERM: background jobs of a shell ignore SIGINT.
  void root_ended(uint64_t handle);
  void cancel(uint64_t handle);

  void set_ancestor(int pid) { ancestor_ = pid; }

 private:
  struct Job {
    Sweep sweep;
    base::MonoTime begun;
    bool root_ended = false;
    bool terminated = false;
    base::MonoTime root_ended_at;
  };
  void tick();
  bool visit(Job& job, const std::vector<ProcessInfo>& all);
  std::vector<int> members(const Job& job,
                           const std::vector<ProcessInfo>& all) const;

  const base::Clock& clock_;
  base::Timer timer_;
  int ancestor_;
  uint64_t next_ = 1;
  std::map<uint64_t, Job> jobs_;
};

}  // namespace supervisor
