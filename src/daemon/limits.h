#pragma once
// How the limits of an app are enforced: by its control group where one can
// be had, else by what the kernel limits of a process. Pure.

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/keep_settings.h"
#include "keeper/program.h"

namespace daemon_ {

struct LimitPlan {
  // Files of the control group and what is written to them.
  std::vector<std::pair<std::string, std::string>> group;
  std::vector<keeper::ResourceLimit> process;
  // Key ("limits.memory") and in words how: "memory.max of its control group".
  std::vector<std::pair<std::string, std::string>> how;
};

// `controllers`: what groups can limit here ("memory", "cpu", "pids").
LimitPlan plan_limits(const config::Limits& limits,
                      const std::set<std::string>& controllers);

}  // namespace daemon_
