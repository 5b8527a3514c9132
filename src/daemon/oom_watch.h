#pragma once
// How often the kernel has killed a process because memory was out: its own
// count since boot, and the count of a process's cgroup. Counts only grow, so
// one that has grown around a death is evidence.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace daemon_ {

// "oom_kill 3" among the lines of /proc/vmstat, memory.events or
// memory.oom_control.
std::optional<uint64_t> parse_oom_kills(std::string_view text);
// The file that counts for the memory cgroup that `text`, a /proc/PID/cgroup,
// names; empty when there is none. `unified`: /sys/fs/cgroup is version 2.
std::string oom_file(std::string_view text, bool unified);

std::optional<uint64_t> read_system_oom_kills();

// A cgroup's counter, and where it stood when a process began.
struct OomMark {
  int pid = 0;
  std::string file;
  uint64_t kills = 0;
  bool own = false;  // another than the daemon's: the app's alone
};
OomMark read_oom_mark(int pid);  // no file: it is in none

// By how much the counts grew around a death; nullopt: they can't be read.
struct OomCounts {
  std::optional<uint64_t> system;  // in the last seconds
  std::optional<uint64_t> cgroup;  // since the process began
  bool own = false;                // that cgroup is the app's alone
};

class OomWatch {
 public:
  // The kernel takes a while to end a process with much memory.
  static constexpr std::chrono::seconds kAround{5};

  void saw_system(std::optional<uint64_t> kills, base::MonoTime now);
  void saw_mark(int id, OomMark mark) { marks_[id] = std::move(mark); }
  // `kills`: the kernel's count now; `mark`: the process's cgroup's.
  OomCounts counts(std::optional<uint64_t> kills,
                   std::optional<uint64_t> in_cgroup, const OomMark& mark,
                   base::MonoTime now) const;
  // That of the process; it is forgotten.
  OomMark take_mark(int id, int pid);

 private:
  struct Look {
    base::MonoTime at;
    uint64_t kills = 0;
  };
  std::deque<Look> looks_;
  std::map<int, OomMark> marks_;  // by instance
};

}  // namespace daemon_
