#pragma once
// What apps use: processor and memory of whole process trees, looked at once a
// second in one pass over /proc by a thread of its own, and how often the
// kernel has killed for want of memory. The one place for all who want to know:
// `list`, limits, the evidence at an exit. Lives on the control loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/worker_pool.h"
#include "daemon/oom_watch.h"
#include "daemon/tree_usage.h"

namespace daemon_ {

class Sampler {
 public:
  static constexpr std::chrono::milliseconds kEvery{1000};
  // Where there are more trees than so many, half as often, and so on: it would
  // take a percent of a processor.
  static constexpr size_t kTreesPerLook = 300;

  // `roots`: the trees there are at the moment; asked on the loop.
  Sampler(base::EventLoop& loop, const base::Clock& clock,
          std::function<std::vector<TreeRoot>()> roots);
  ~Sampler();

  // From now on, once a second; while nothing runs, nothing is read.
  void begin();
  // Hears of each look, when of() has it. Several may.
  void on_sample(std::function<void()> hear) {
    listeners_.push_back(std::move(hear));
  }

  // The last look at that instance's process; null: there was none yet.
  const TreeUsage* of(int id, int pid) const;

  // A process has just been started: what its cgroup says of kills is noted.
  void started(int id, int pid);
  // What speaks for that process having been killed for want of memory; to be
  // asked when it was killed by SIGKILL and nobody of ours did. Forgets it.
  // Reads two small files of the kernel's.
  OomCounts oom_counts(int id, int pid);

 private:
  struct Reader;
  void look();

  base::EventLoop& loop_;
  const base::Clock& clock_;
  std::function<std::vector<TreeRoot>()> roots_;
  std::vector<std::function<void()>> listeners_;
  std::map<int, TreeUsage> usages_;
  OomWatch oom_;
  bool looking_ = false;
  size_t skipped_ = 0;  // looks, since the last
  base::Timer timer_;
  std::unique_ptr<Reader> reader_;  // the worker's
  base::WorkerPool worker_{1};      // last: it ends before what it works on
};

}  // namespace daemon_
