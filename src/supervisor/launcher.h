#pragma once
// How the supervisor gets processes: somebody else forks, makes the pipes and
// sees to their bytes. Implemented by the daemon over the keeper.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "supervisor/launch_plan.h"
#include "supervisor/life.h"

namespace supervisor {

class Launcher {
 public:
  virtual ~Launcher() = default;
  // Asks for a process. The answer comes later, as Supervisor::on_spawned; an
  // error here means that none will come.
  virtual base::Status launch(const Life& life, const config::AppSpec& spec,
                              const LaunchPlan& plan) = 0;
  // What is to be known of this life has changed.
  virtual void relabel(const Life& life) = 0;
  // Says a message, JSON, over node's channel. False: it has none, or does not
  // take it now.
  virtual bool send_message(uint64_t slot, std::string_view json) = 0;
  // This life is over, and another has taken its place.
  virtual void forget(uint64_t slot) = 0;
};

}  // namespace supervisor
