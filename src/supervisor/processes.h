#pragma once
// What /proc says of processes: who belongs to whose tree, and what they use.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace supervisor {

struct ProcessInfo {
  int pid = 0;
  int parent = 0;
  int session = 0;
  char state = '?';
  uint64_t cpu_ticks = 0;     // user + system, in clock ticks
  uint64_t start_ticks = 0;   // since boot
  uint64_t memory_bytes = 0;  // resident
};

std::optional<ProcessInfo> read_process(int pid);
std::vector<ProcessInfo> read_processes();  // all, ascending by pid

// The text of one /proc/PID/stat; nullopt when it is not that.
std::optional<ProcessInfo> parse_stat(std::string_view text);

// Members of a tree, zombies left out: of the processes below `ancestor` (0 =
// of all) the process `root`, all that share its session, all whose environment
// has the tag; and all descendants of those. So a double fork with setsid is
// found by its environment, a program that wrote over its environment by its
// ancestry or session.
std::vector<int> find_tree(const std::vector<ProcessInfo>& all, int root,
                           int ancestor,
                           const std::function<bool(int pid)>& has_tag);

// Whether the process was started with `variable`=`prefix`... in its
// environment.
bool environment_has(int pid, std::string_view variable,
                     std::string_view prefix);

}  // namespace supervisor
