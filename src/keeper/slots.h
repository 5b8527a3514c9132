#pragma once
// The keeper's table of slots: what is held for each life of an instance, and
// what the daemon has not been told of yet. No I/O but closing descriptors.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "keeper/protocol.h"
#include "keeper/spawn.h"

namespace keeper {

struct Slot {
  SlotState state = SlotState::Held;
  pid_t pid = 0;
  int status = 0;        // waitpid status, once Exited
  int64_t ended_us = 0;  // wall clock
  bool adopted = false;  // not our child: watched by its pidfd
  bool status_known = true;
  std::string label;        // the daemon's own words
  std::vector<RoleFd> fds;  // kept for as long as the daemon wants
  base::UniqueFd pidfd;
  base::UniqueFd outcome;  // while Spawning: see spawn.h
  ExecFailure failure;     // error != 0: exec did not happen
  bool spawn_untold = false;
  bool exit_untold = false;
};

class Slots {
 public:
  Slot& make(uint64_t number) { return slots_[number]; }
  Slot* find(uint64_t number);
  void erase(uint64_t number) { slots_.erase(number); }
  // Drops the kept descriptor of that role.
  void drop(uint64_t number, Role role);
  // The slot whose process is or was `pid` and has not been reaped.
  Slot* running(pid_t pid);

  std::map<uint64_t, Slot>& all() { return slots_; }

 private:
  std::map<uint64_t, Slot> slots_;
};

}  // namespace keeper
