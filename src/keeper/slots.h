#pragma once
// The keeper's table of slots: the life of each process from its descriptors'
// coming to its end, and what the daemon has not been told of yet.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
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
  // `child_limit`: of open descriptors, what children get back.
  explicit Slots(const rlimit& child_limit) : nofile_(child_limit) {}
  Slots() = default;
  const rlimit& child_limit() const { return nofile_; }

  Slot* find(uint64_t number);
  const std::map<uint64_t, Slot>& all() const { return slots_; }
  // One that this keeper had before it became this program.
  void restore(uint64_t number, Slot slot);

  // What the daemon asks for. Frames that lost their descriptors on the way
  // (ours are used up) make a slot that could not be spawned. take() is any of
  // those below, by the frame's type; others are nothing to it.
  base::Status take(Frame frame);
  base::Status hold(Frame frame);
  void spawn(Frame frame);
  void adopt(Frame frame);
  void label(Frame frame);
  void drop(uint64_t number, Role role);
  void release(uint64_t number) { slots_.erase(number); }

  // Descriptors to be polled for reading, by slot; on_readable() when one is.
  struct Watched {
    uint64_t number;
    int fd;
  };
  std::vector<Watched> watched() const;
  void on_readable(uint64_t number);
  // A process of ours was reaped; orphans that came to us are nobody's.
  void on_reaped(pid_t pid, int status);

  // Tells the daemon what it has not heard, as far as its queue takes it.
  bool has_untold() const { return untold_; }
  void tell(int channel);
  // Tells a daemon that knows nothing everything; false: not all of it went.
  bool tell_all(int channel);

 private:
  void fail(Slot& slot, int error);
  void finish_spawn(Slot& slot);
  static bool tell_one(int channel, uint64_t number, Slot& slot);

  base::SystemClock clock_;
  rlimit nofile_{};
  std::map<uint64_t, Slot> slots_;
  bool untold_ = false;
};

}  // namespace keeper
