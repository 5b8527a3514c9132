#pragma once
// The logs of `lodge run --files`: what the apps write goes, beside our own
// stdout and stderr, to the files of a home, as a daemon would keep them there,
// with their catalog, events, rotation and archives. No list of apps is
// written. Lives on the loop.

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "capture/capture_thread.h"
#include "daemon/capture_news.h"
#include "daemon/chronicle.h"
#include "daemon/housekeeper.h"
#include "daemon/recorder.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class ForegroundLogs {
 public:
  // What has to be had before there is a supervisor: the home, to ourselves,
  // and what lies there, mended. Fails when a daemon keeps its logs there, or
  // the home can't be written.
  struct Ground {
    base::Home home;
    base::UniqueFd lock;
    store::Catalog catalog;
  };
  // Errc::Invalid, Errc::Exists: what the apps ask for can't be.
  static base::Result<Ground> prepare(
      base::Home home, const std::vector<config::AppSpec>& specs);

  ForegroundLogs(base::EventLoop& loop, const base::Clock& clock, Ground ground,
                 supervisor::Supervisor& supervisor);
  ~ForegroundLogs();

  // Once the supervisor knows its apps, or some have changed.
  void apps_known();
  // What happened to the apps.
  supervisor::Observer& observer() { return chronicle_; }

  // A pipe into that stream's file; nothing where none is kept.
  base::Result<base::UniqueFd> open(const supervisor::Life& life,
                                    const config::AppSpec& spec,
                                    store::Stream stream);

  // Calls `done`, on the loop, when all that is in the pipes of a slot is in
  // its files. Any thread.
  void drain(uint64_t slot, const std::function<void()>& done);

  // Nothing waits any more for older files to give way.
  void end_waiting();
  // All that was written to the pipes is in the files, or cannot get there
  // within two seconds. Blocking.
  void finish();

 private:
  base::EventLoop& loop_;
  const Ground ground_;
  supervisor::Supervisor& supervisor_;
  Recorder recorder_;
  CaptureTally tally_;
  WriteRates rates_;
  Chronicle chronicle_;
  SealGate gate_;
  CaptureNews news_;
  capture::CaptureThread capture_;
  Housekeeper housekeeper_;
  std::vector<uint64_t> sources_;
  bool begun_ = false;
};

}  // namespace daemon_
