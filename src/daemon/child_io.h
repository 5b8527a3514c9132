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
#include "daemon/ipc_channel.h"
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
  // What apps say of themselves, on the loop: that they are ready, over node's
  // channel; a datagram of sd_notify, and the process that sent it.
  struct Ears {
    std::function<void(uint64_t slot)> on_ready_word;
    std::function<void(uint64_t slot, int pid, const std::string& text)>
        on_datagram;
  };
  ChildIo(base::EventLoop& loop, keeper::Link& link,
          capture::CaptureThread& capture, Users& users,
          supervisor::Cgroups& groups, Logs logs, Ears ears);

  // supervisor::Launcher
  base::Status launch(const supervisor::Life& life, const config::AppSpec& spec,
                      const supervisor::LaunchPlan& plan) override;
  void relabel(const supervisor::Life& life) override;
  bool send_message(uint64_t slot, std::string_view json) override;
  void forget(uint64_t slot) override;

  // Goes on with the descriptors of lives that an earlier daemon began.
  void adopt(const std::vector<std::pair<supervisor::Life, keeper::FoundSlot*>>&
                 lives);

  // What it says is heard from now on: its process is known.
  void listen(uint64_t slot);

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

  // To the child's stdin, as much as it has room for. Errc::NotFound: it has
  // none any more.
  base::Result<size_t> input(uint64_t slot, std::string_view bytes) const;
  // Something still holds the output of that slot.
  bool output_open(uint64_t slot) const;

 private:
  struct Held {
    std::string label;
    base::UniqueFd out;  // duplicates, for a keeper to come
    base::UniqueFd err;
    base::UniqueFd in;
    base::UniqueFd ipc;
    base::UniqueFd notify;
    IpcReader ipc_reader;
    // Destroyed before what they watch closes.
    std::unique_ptr<base::FdWatch> ipc_watch;
    std::unique_ptr<base::FdWatch> notify_watch;
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
  void on_ipc(uint64_t slot);
  void on_notify(uint64_t slot);
  void release_if_over(uint64_t slot);
  capture::SourceInfo source(const supervisor::Life& life,
                             store::Stream stream) const;
  base::EventLoop& loop_;
  keeper::Link& link_;
  capture::CaptureThread& capture_;
  Users& users_;
  supervisor::Cgroups& groups_;
  const Logs logs_;
  const Ears ears_;
  std::map<uint64_t, Held> held_;
  std::map<uint64_t, Drain> drains_;
};

}  // namespace daemon_
