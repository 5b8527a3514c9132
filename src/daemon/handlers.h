#pragma once
// What each request does: names to ids, the supervisor's call, its outcome to a
// reply that is sent once everything it says is on disk. Lives on the control
// loop.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "capture/capture_thread.h"
#include "control/server.h"
#include "daemon/answers.h"
#include "daemon/chronicle.h"
#include "daemon/housekeeper.h"
#include "daemon/listing.h"
#include "daemon/log_requests.h"
#include "daemon/recorder.h"
#include "daemon/snapshot_requests.h"
#include "daemon/updater.h"
#include "daemon/users.h"
#include "rotate/sealed.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

// What handlers work with; outlives them.
struct Parts {
  base::EventLoop& loop;
  const base::Clock& clock;
  const base::Home& home;
  supervisor::Supervisor& supervisor;
  capture::CaptureThread& capture;
  Chronicle& chronicle;
  Recorder& recorder;
  Listing& listing;
  Users& users;
  Updater& updater;
  rotate::SealedBytes& sealed;
  Housekeeper& housekeeper;
  // To the stdin of a life: how much there was room for.
  std::function<base::Result<size_t>(uint64_t slot, std::string_view)> input;
  std::function<control::PingReply()> describe_daemon;
  std::function<bool()> is_ending;
  std::function<void(const supervisor::Cause&, std::function<void()>)>
      shut_down;
  std::string warning;  // for who asks for the list; empty = all is well
};

class Handlers final : public control::Handler {
 public:
  explicit Handlers(Parts parts);

  void handle(const control::Request& request, const control::Peer& peer,
              OnReply reply) override;

 private:
  void on(const control::PingRequest&, const supervisor::Cause&, OnReply);
  // In start_handlers.cc.
  void on(const control::StartRequest&, const supervisor::Cause&, OnReply);
  // In handlers.cc.
  void on(const control::StopRequest&, const supervisor::Cause&, OnReply);
  void on(const control::RestartRequest&, const supervisor::Cause&, OnReply);
  void on(const control::DeleteRequest&, const supervisor::Cause&, OnReply);
  void on(const control::ListRequest&, const supervisor::Cause&, OnReply);
  void on(const control::FlushRequest&, const supervisor::Cause&, OnReply);
  void on(const control::RotateRequest&, const supervisor::Cause&, OnReply);
  void on(const control::ReopenRequest&, const supervisor::Cause&, OnReply);
  void on(const control::PruneRequest&, const supervisor::Cause&, OnReply);
  void on(const control::KillRequest&, const supervisor::Cause&, OnReply);
  void on(const control::UpdateRequest&, const supervisor::Cause&, OnReply);
  // In verb_handlers.cc.
  void on(const control::ScaleRequest&, const supervisor::Cause&, OnReply);
  void on(const control::ResetRequest&, const supervisor::Cause&, OnReply);
  void on(const control::SignalRequest&, const supervisor::Cause&, OnReply);
  void on(const control::InputRequest&, const supervisor::Cause&, OnReply);
  void on(const control::EnvRequest&, const supervisor::Cause&, OnReply);
  void on(const control::SaveRequest&, const supervisor::Cause&, OnReply);
  void on(const control::ResurrectRequest&, const supervisor::Cause&, OnReply);

  base::Result<std::vector<int>> select(const control::Selection& selection);
  base::Status check_files(const std::vector<config::AppSpec>& specs);
  std::string user_of(uid_t uid);
  // For what changes apps: nothing at all is Errc::NotFound.
  base::Result<std::vector<int>> select_some(
      const control::Selection& selection);
  uint64_t sealed_bytes(const std::string& app, int instance);
  std::string app_name(int id) const;
  supervisor::OnOutcomes answer(OnReply reply);
  // `reply`, or after `limit_ms` what can be said by then, whichever is first.
  OnReply within(int64_t limit_ms, std::vector<std::string> apps,
                 OnReply reply);
  void delete_logs(const supervisor::Outcomes& outcomes, OnReply reply);

  Parts parts_;
  Followers followers_;
  LogRequests logs_;
  SnapshotRequests snapshots_;
  std::map<uid_t, std::string> users_;
  uint64_t next_limit_ = 0;
  std::map<uint64_t, base::Timer> limits_;  // of starts that are waited for
};

}  // namespace daemon_
