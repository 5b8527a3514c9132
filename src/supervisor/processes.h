#pragma once
// What /proc says of processes: who belongs to whose tree, and what they use.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace supervisor {

struct ProcessInfo {
  int pid = 0;
  int parent = 0;
  int session = 0;
  char state = '?';
  uint64_t cpu_ticks = 0;     // user + system, in clock ticks
  uint64_t reaped_ticks = 0;  // the same of children that were waited for
  uint64_t start_ticks = 0;   // since boot
  uint64_t memory_bytes = 0;  // resident
};

std::optional<ProcessInfo> read_process(int pid);
std::vector<int> list_processes();          // pids, ascending
std::vector<ProcessInfo> read_processes();  // all, ascending by pid

// Whether a process is the keeper, below it, or runs the program that this one
// runs.
bool is_ours(int pid, int keeper);

// The text of one /proc/PID/stat; nullopt when it is not that.
std::optional<ProcessInfo> parse_stat(std::string_view text);

// The value of `variable` that the process was started with; empty when it has
// none or is not ours to look at.
std::string read_variable(int pid, std::string_view variable);

// One look at all processes. Environments are read as they are asked for, once;
// who is whose is looked up, so that hundreds of trees may be asked for.
class ProcessSnapshot {
 public:
  // For tests: processes and their tags as given.
  using ReadTag = std::function<std::string(int pid)>;
  ProcessSnapshot(std::vector<ProcessInfo> all, ReadTag read_tag);
  // What an earlier look read of environments holds for the same processes.
  static ProcessSnapshot take(const ProcessSnapshot* earlier = nullptr);

  // What to look for.
  struct Tree {
    int root = 0;             // pid of the first process; 0 = never had one
    bool root_ended = false;  // and reaped: its number may be another's by now
    std::string tag;          // prefix of kTagVariable's value in all members
    int ancestor = 0;         // look only below this one; 0 = everywhere
  };
  // The pids of a tree, zombies and ourselves left out: the root, all that
  // share its session, all that have the tag, and all descendants of those. So
  // a double fork with setsid is found by its environment, a program that wrote
  // over its environment by its ancestry or session.
  std::vector<int> members(const Tree& tree);

  const std::vector<ProcessInfo>& all() const { return all_; }
  const std::string& tag(int pid);

 private:
  using Numbers = std::vector<std::pair<int, int>>;
  void look_below(int ancestor);

  std::vector<ProcessInfo> all_;
  ReadTag read_tag_;
  std::unordered_map<int, size_t> places_;  // in all_
  Numbers children_;                        // parent, pid; ascending
  std::unordered_map<int, std::string> tags_;
  // Of those below this one:
  std::optional<int> ancestor_;
  std::unordered_set<int> below_;
  Numbers sessions_;                                 // session, pid; ascending
  std::vector<std::pair<std::string, int>> tagged_;  // tag, pid; ascending
};

// Whether a process is a member of the tree, as members() has it, by a look at
// itself and those above it alone. One that is gone is not.
using ReadProcess = std::function<std::optional<ProcessInfo>(int pid)>;
bool is_member(int pid, const ProcessSnapshot::Tree& tree,
               const ReadProcess& read, const ProcessSnapshot::ReadTag& tag_of);
bool is_member(int pid, const ProcessSnapshot::Tree& tree);

}  // namespace supervisor
