#pragma once
// What is asked of snapshots of the app list: that one be made, that what is
// missing of one be brought back. Lives on the control loop; files are the
// recorder's worker's.

#include <functional>
#include <string>

#include "base/event_loop.h"
#include "base/home.h"
#include "control/message.h"
#include "daemon/answers.h"
#include "daemon/recorder.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class SnapshotRequests {
 public:
  // What they work with; outlives them.
  struct Parts {
    base::EventLoop& loop;
    const base::Home& home;
    supervisor::Supervisor& supervisor;
    Recorder& recorder;
    // Whether an app could be started, beside all there are.
    std::function<base::Status(const config::AppSpec&)> check;
    std::function<void()> apps_changed;
    std::function<supervisor::OnOutcomes(OnReply)> answer;
    std::function<bool()> is_ending;
  };
  explicit SnapshotRequests(Parts parts) : parts_(std::move(parts)) {}

  void save(const control::SaveRequest& request, OnReply reply);
  void resurrect(const control::ResurrectRequest& request,
                 const supervisor::Cause& cause, OnReply reply);

 private:
  void bring_back(supervisor::AppList list,
                  const control::ResurrectRequest& request,
                  const supervisor::Cause& cause, OnReply reply);

  Parts parts_;
};

}  // namespace daemon_
