#pragma once
// Control groups (v2) of instances that have limits: one for each life, below
// the group that this daemon was started in. So its whole tree can be limited
// and killed at once, whatever it forked. Where no group can be made, as for
// most users outside of systemd's delegation, there is none. Lives on the
// control loop; what it does to /sys/fs/cgroup does not block.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace supervisor {

// Where the groups of this process are: the first hierarchy of version 2 that
// is mounted, from /proc/self/mountinfo and /proc/self/cgroup. Pure. Empty when
// there is none.
std::string own_group_dir(std::string_view mountinfo, std::string_view cgroup);

class Cgroups {
 public:
  // `own_dir` as own_group_dir() tells it; empty = there are no groups.
  // `is_ours` tells whether a process in it is one of Lodge's or its apps'.
  Cgroups(std::string own_dir, std::string_view home_id,
          std::function<bool(int pid)> is_ours);
  // Of this process.
  static std::string find_own_dir();

  // What can be limited by groups: "memory", "cpu", "pids". Tries, the first
  // time, what has to be made for it.
  const std::set<std::string>& controllers();

  using Settings = std::vector<std::pair<std::string, std::string>>;
  // The group of that life, with these files written: its directory, which the
  // child is to enter. Empty when no group can be made here; an error when its
  // limits can't be set.
  base::Result<std::string> make(int id, uint64_t generation,
                                 const Settings& settings);

  // Its directory if there is one, else empty.
  std::string find(int id, uint64_t generation) const;
  // Takes away the groups of that instance's lives before `generation` in which
  // nobody is left.
  void tidy(int id, uint64_t generation) const;
  // All in which nobody is left.
  void tidy_all() const;

  // Processes in the group of that directory and below.
  static std::vector<int> members(const std::string& dir);
  static void kill(const std::string& dir);
  static void remove(const std::string& dir);  // if nobody is left

 private:
  bool prepare();
  bool move_out();
  std::string path_of(int id, uint64_t generation) const;

  std::string base_;  // that was ours to begin with
  std::string self_;  // for keeper and daemon
  std::string home_;  // of all instances
  std::function<bool(int pid)> is_ours_;
  enum class Ready { Unknown, Yes, No } ready_ = Ready::Unknown;
  std::set<std::string> controllers_;
};

}  // namespace supervisor
