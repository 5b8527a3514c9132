#pragma once
// Starts apps as children of this process, for `lodge run`, and reaps them and
// every orphan that comes to it. Lives on the control loop.

#include <sys/resource.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "daemon/ipc_channel.h"
#include "daemon/line_relay.h"
#include "daemon/users.h"
#include "keeper/spawn.h"
#include "store/names.h"
#include "supervisor/cgroups.h"
#include "supervisor/launcher.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class DirectLauncher final : public supervisor::Launcher {
 public:
  struct Output {
    LineRelay* relay = nullptr;  // null: the apps have our own descriptors
    // What leads the lines of an instance; nothing: its bytes go on as they
    // come.
    std::function<std::optional<std::string>(const supervisor::Life&)> prefix;
    // Where a relayed stream goes beside; may be empty, and give nothing.
    std::function<base::Result<base::UniqueFd>(
        const supervisor::Life&, const config::AppSpec&, store::Stream)>
        copy;
    // Calls `done`, on the loop, when all that a slot's process wrote is where
    // it goes. May be empty.
    std::function<void(uint64_t slot, std::function<void()> done)> drain;
    bool stdin_too = false;  // ... and our stdin
  };
  // `supervisor` is told of spawns and exits; it is looked up when there are
  // any.
  DirectLauncher(base::EventLoop& loop, const base::Clock& clock,
                 const rlimit& nofile, Users& users,
                 supervisor::Cgroups& groups, Output output,
                 std::function<supervisor::Supervisor&()> supervisor);

  // supervisor::Launcher
  base::Status launch(const supervisor::Life& life, const config::AppSpec& spec,
                      const supervisor::LaunchPlan& plan) override;
  void relabel(const supervisor::Life&) override {}
  bool send_message(uint64_t slot, std::string_view json) override;
  void forget(uint64_t) override {}

  void reap();
  // To the first process of each app.
  void signal_all(int signal) const;

 private:
  struct Child {
    uint64_t slot = 0;
    base::UniqueFd outcome;  // of exec; closed once it is known
    std::unique_ptr<base::FdWatch> watch;
    base::UniqueFd ipc;
    IpcReader ipc_reader;
    base::UniqueFd notify;
    std::unique_ptr<base::FdWatch> ipc_watch;
    std::unique_ptr<base::FdWatch> notify_watch;
    bool failed = false;
  };
  // Has ended, and what it wrote is still on its way.
  struct Ended {
    supervisor::ExitNews news;
    std::unique_ptr<base::Timer> limit;
  };
  void exited(uint64_t slot, const supervisor::ExitNews& news);
  void tell_exit(uint64_t slot);
  void exec_known(int pid, Child& child);
  void on_ipc(int pid);
  void on_notify(int pid);

  base::EventLoop& loop_;
  const base::Clock& clock_;
  const rlimit nofile_;
  const Output output_;
  std::function<supervisor::Supervisor&()> supervisor_;
  Users& users_;
  supervisor::Cgroups& groups_;
  base::SignalWatch child_watch_;
  std::map<int, Child> children_;    // by pid
  std::map<uint64_t, Ended> ended_;  // by slot
};

}  // namespace daemon_
