#pragma once
// The descriptors of every life: makes a child's pipes, has the keeper hold
// what the child could notice losing, hands the read ends to capture, and lets
// go when both sides have ended. Lives on the control loop.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "capture/capture_thread.h"
#include "capture/sink_spec.h"
#include "daemon/users.h"
#include "keeper/link.h"
#include "supervisor/cgroups.h"
#include "supervisor/launcher.h"

namespace daemon_ {

class ChildIo final : public supervisor::Launcher {
 public:
  // What is to be known of logs. `spec_of` finds the app of an instance, null
  // when there is none; `max_size` is for apps that say nothing of it; `sinks`
  // are the live files of all apps.
  struct Logs {
    std::string dir;
    std::function<const config::AppSpec*(int id)> spec_of;
    std::function<uint64_t()> max_size;
    std::function<std::vector<capture::SinkSpec>()> sinks;
  };
  ChildIo(base::EventLoop& loop, keeper::Link& link,
          capture::CaptureThread& capture, Users& users,
          supervisor::Cgroups& groups, Logs logs);

  // supervisor::Launcher
  base::Status launch(const supervisor::Life& life, const config::AppSpec& spec,
                      const supervisor::LaunchPlan& plan) override;
  void relabel(const supervisor::Life& life) override;
  void forget(uint64_t slot) override;

  // Goes on with the descriptors of lives that an earlier daemon began.
  void adopt(const std::vector<std::pair<supervisor::Life, keeper::FoundSlot*>>&
                 lives);

  // The child has exited: `done` is called when what it wrote has been read, or
  // after a second.
  void drain(uint64_t slot, std::function<void()> done);
  // The process is gone: its stdin and IPC channel have no use any more.
  void process_over(uint64_t slot);
  // No writer is left at this source.
  void source_ended(uint64_t source);
  // To a new keeper: everything the old one held. `process` finds pid and pidfd
  // of a slot whose process is alive; pid 0 = it is not.
  struct Process {
    int pid = 0;
    int pidfd = -1;
  };
  using FindProcess = std::function<Process(uint64_t slot)>;
  base::Status hand_over(const FindProcess& process);
  // The same for one slot.
  base::Status hold(uint64_t slot, const FindProcess& process);

  // Something still holds the output of that slot.
  bool output_open(uint64_t slot) const;

 private:
  struct Held {
    std::string label;
    base::UniqueFd out;  // duplicates, for a keeper to come
    base::UniqueFd err;
    base::UniqueFd in;
    base::UniqueFd ipc;
    std::unique_ptr<base::FdWatch> ipc_watch;  // destroyed before ipc closes
    bool forgotten = false;
  };
  struct Drain {
    std::function<void()> done;
    int left;
    base::Timer limit;
  };
  base::Status limit(const supervisor::Life& life, const config::Limits& limits,
                     keeper::Program& program);
  void drained(uint64_t slot);
  void hold_ipc(Held& held, base::UniqueFd ipc);
  void release_if_over(uint64_t slot);
  capture::SourceInfo source(const supervisor::Life& life,
                             store::Stream stream) const;
  // Where a stream goes, and how. Without a path nothing of it is kept.

  base::EventLoop& loop_;
  keeper::Link& link_;
  capture::CaptureThread& capture_;
  Users& users_;
  supervisor::Cgroups& groups_;
  const Logs logs_;
  std::map<uint64_t, Held> held_;
  std::map<uint64_t, Drain> drains_;
};

}  // namespace daemon_
