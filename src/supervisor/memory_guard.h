#pragma once
// `max_memory_restart`: an instance whose whole tree holds more is restarted,
// gracefully. Looks once a second, in a thread of its own, and only when an app
// has such a limit. Lives on the control loop.

#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/worker_pool.h"
#include "supervisor/supervisor.h"
#include "supervisor/tree_memory.h"

namespace supervisor {

class MemoryGuard {
 public:
  MemoryGuard(base::EventLoop& loop, Supervisor& supervisor);

  // There are other apps, or other settings.
  void refresh();

 private:
  void look();
  void judge(const std::vector<TreeMemory::Passed>& passed);

  base::EventLoop& loop_;
  Supervisor& supervisor_;
  base::Timer timer_;
  bool running_ = false;
  bool looking_ = false;
  // Only jobs use it, one after the other.
  std::shared_ptr<TreeMemory> memory_ = std::make_shared<TreeMemory>();
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  base::WorkerPool worker_{1};
};

}  // namespace supervisor
