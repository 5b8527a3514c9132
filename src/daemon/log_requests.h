#pragma once
// What is asked of logs: that they be flushed, sealed, opened anew, pruned.
// Lives on the control loop.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/home.h"
#include "base/target.h"
#include "capture/capture_thread.h"
#include "control/message.h"
#include "daemon/answers.h"
#include "daemon/chronicle.h"
#include "daemon/followers.h"
#include "daemon/housekeeper.h"
#include "daemon/recorder.h"
#include "supervisor/observer.h"

namespace daemon_ {

class LogRequests {
 public:
  // What they work with; outlives them.
  struct Parts {
    base::EventLoop& loop;
    const base::Clock& clock;
    const base::Home& home;
    capture::CaptureThread& capture;
    Chronicle& chronicle;
    Recorder& recorder;
    Housekeeper& housekeeper;
    Followers& followers;
  };
  explicit LogRequests(Parts parts) : parts_(parts) {}

  void flush(const control::FlushRequest& request,
             const supervisor::Cause& cause, OnReply reply);
  void rotate(const control::RotateRequest& request,
              const supervisor::Cause& cause, OnReply reply);
  void reopen(OnReply reply);
  void prune(const control::PruneRequest& request,
             const supervisor::Cause& cause, OnReply reply);

 private:
  struct Flush;
  base::Result<std::vector<base::TargetCandidate>> select(
      const control::Selection& selection) const;
  base::Status list_sealed(Flush& flush) const;
  void take_live(Flush flush, std::vector<std::string> paths);
  void take_opened(Flush flush, const std::vector<std::string>& paths,
                   base::MonoTime opened);
  void taken(Flush flush, const std::vector<capture::Replaced>& replaced);
  void take_sealed(Flush flush);
  void remove_sealed(Flush flush);
  void flushed(Flush flush);

  Parts parts_;
};

}  // namespace daemon_
