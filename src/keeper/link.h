#pragma once
// The daemon's end of the keeper channel. Lives on the control loop.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "keeper/program.h"
#include "keeper/protocol.h"

namespace keeper {

// A slot as a new daemon finds it.
struct FoundSlot {
  uint64_t number = 0;
  SlotState state = SlotState::Held;
  bool adopted = false;  // no child of that keeper
  int pid = 0;
  int status = 0;  // waitpid status, once Exited
  int64_t ended_us = 0;
  std::string label;
  std::vector<RoleFd> fds;  // duplicates, ours now
  bool whole = true;        // false: we had no room for some
};

// What the keeper has to say of itself.
struct KeeperNews {
  int pid = 0;
  int updates = 0;           // tried so far
  std::string update_error;  // why the last one failed; empty = it did not
};

class LinkObserver {
 public:
  virtual ~LinkObserver() = default;
  // After hello(): each slot, then ready once.
  virtual void on_found(FoundSlot slot) = 0;
  virtual void on_ready(KeeperNews keeper, base::UniqueFd listener) = 0;
  // `error` 0: running as `pid`. Else errno of `step` (ExecFailure::Step).
  virtual void on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd,
                          int error, int step) = 0;
  // `known` false: the exit status went to another parent.
  virtual void on_exited(uint64_t slot, int status, bool known,
                         int64_t ended_us) = 0;
  // It goes on as the program it is; `keeper` says why.
  virtual void on_upgrade_failed(KeeperNews keeper) = 0;
  virtual void on_keeper_lost() = 0;
};

class Link {
 public:
  Link(base::EventLoop& loop, base::UniqueFd channel, LinkObserver& observer);

  // Another keeper takes the place of the one that is gone.
  void reconnect(base::UniqueFd channel);

  base::Status hello();
  // Before spawn(): from now on the keeper holds `fds` for this slot.
  base::Status hold(uint64_t slot, std::string_view label,
                    std::span<const RoleFdRef> fds);
  // The descriptors are the child's ends (Stdin, Stdout, Stderr, Ipc).
  base::Status spawn(uint64_t slot, const Program& program,
                     std::span<const RoleFdRef> child_fds);
  // To a new keeper: what the old one had.
  base::Status listen(int listener);
  base::Status adopt(uint64_t slot, int pid, int pidfd);
  void label(uint64_t slot, std::string_view label);
  void drop(uint64_t slot, Role role);
  void release(uint64_t slot);
  // This daemon takes requests: until it says so, it has not come up.
  void serving();
  // The keeper becomes that program and starts its daemon in our place: all
  // that this process has to expect is SIGKILL, or on_upgrade_failed().
  base::Status upgrade(const std::string& path);
  base::Status quit();
  void dismiss();  // this keeper, for another one
  base::Status failed(std::string_view why);

 private:
  void watch();
  base::Status send(FrameHeader header, std::string_view body = {},
                    std::span<const RoleFdRef> fds = {});
  void receive();
  void handle(Frame frame);

  base::EventLoop& loop_;
  LinkObserver& observer_;
  base::UniqueFd channel_;
  std::unique_ptr<base::FdWatch> watch_;
};

}  // namespace keeper
