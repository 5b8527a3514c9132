// Safe mode: the daemon that runs when the other one does not come up. It takes
// the slots over and has capture read them, which needs neither the app list
// nor the catalog; so it writes neither. `update` gets out of it, `kill` ends
// the apps; and once a minute it gives way to another try of a whole daemon.
// All on the control loop.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/fs.h"
#include "base/log.h"
#include "base/target.h"
#include "capture/capture_thread.h"
#include "control/server.h"
#include "daemon/capture_news.h"
#include "daemon/child_io.h"
#include "daemon/chronicle.h"
#include "daemon/daemon.h"
#include "daemon/recorder.h"
#include "daemon/spool_holder.h"
#include "daemon/startup.h"
#include "daemon/updater.h"
#include "daemon/users.h"
#include "keeper/comeback.h"
#include "keeper/launch.h"
#include "keeper/link.h"
#include "store/names.h"
#include "supervisor/cgroups.h"
#include "supervisor/processes.h"
#include "supervisor/readiness.h"
#include "supervisor/sweeper.h"

namespace daemon_ {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kKillTimeout{10'000};  // apps' own are not known here
constexpr milliseconds kKeeperRetry{1000};

class SafeDaemon final : private keeper::LinkObserver, public control::Handler {
 public:
  SafeDaemon(const base::Home& home, base::UniqueFd channel,
             const std::string& home_id);

  base::Status run();

  // control::Handler
  void handle(const control::Request& request, const control::Peer& peer,
              std::function<void(control::Reply)> reply) override;

 private:
  struct Running {
    supervisor::Life life;
    int pid = 0;  // 0 = it has ended
    base::UniqueFd pidfd;
    uint64_t sweep = 0;
  };

  // keeper::LinkObserver
  void on_found(keeper::FoundSlot slot) override;
  void on_ready(keeper::KeeperNews keeper, base::UniqueFd listener) override;
  void on_upgrade_failed(keeper::KeeperNews keeper) override;
  void on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd, int error,
                  int step) override;
  void on_exited(uint64_t slot, int status, bool known,
                 int64_t ended_us) override;
  void on_keeper_lost() override;

  Running* by_slot(uint64_t slot);
  void on_datagram(uint64_t slot, int pid, const std::string& text);
  void note_ready(uint64_t slot);
  void adopt_all();
  void replace_keeper();
  base::Status hand_over();
  void end_apps(std::function<void()> done);
  void end_if_empty();
  void give_way();
  control::PingReply describe() const;
  control::Reply list(const control::Selection& selection) const;
  control::InstanceInfo row(const Running& one) const;

  const base::Home& home_;
  const std::string home_id_;
  base::SystemClock clock_;
  const base::MonoTime born_ = clock_.mono();
  base::EventLoop loop_;
  Recorder recorder_;
  CaptureTally tally_;
  Chronicle chronicle_;
  SealGate gate_;  // nobody closes it
  CaptureNews capture_news_;
  capture::CaptureThread capture_;
  keeper::Link link_;
  SpoolHolder spool_;
  Users users_;
  supervisor::Cgroups groups_;
  ChildIo io_;
  supervisor::Sweeper sweeper_;
  Updater updater_;
  std::unique_ptr<control::Server> server_;
  std::vector<keeper::FoundSlot> found_;
  std::vector<Running> apps_;
  std::unique_ptr<base::SignalWatch> terminate_;
  std::unique_ptr<base::SignalWatch> interrupt_;
  base::Timer finish_timer_;
  base::Timer keeper_retry_;
  base::Timer stay_;
  base::UniqueFd listener_;  // for a keeper to come
  keeper::KeeperNews keeper_;
  bool degraded_ = false;
  bool ending_ = false;
  std::vector<std::function<void()>> ended_;  // who waits for the end
};

SafeDaemon::SafeDaemon(const base::Home& home, base::UniqueFd channel,
                       const std::string& home_id)
    : home_(home),
      home_id_(home_id),
      // Never asked for: nothing of ours changes the list.
      recorder_(loop_, home, [] { return std::string(); }),
      chronicle_(recorder_, clock_, tally_, nullptr, home.logs(), {}),
      capture_news_(
          loop_, clock_, home.logs(), chronicle_, tally_, gate_,
          {[this](uint64_t source) { io_.source_ended(source); },
           [](const std::string&, const std::string&, uint64_t) {}, [] {}}),
      capture_({.clock = clock_}, capture_news_),
      link_(loop_, std::move(channel), *this),
      // Nothing is made in them here: an app that ends leaves its own.
      groups_(supervisor::Cgroups::find_own_dir(), home_id, {}),
      // How apps want their lines kept is in the list that can't be read.
      io_(loop_, link_, capture_, users_, groups_,
          {home.logs(), [](int) { return nullptr; }, [] { return uint64_t{0}; },
           [] { return std::vector<capture::SinkSpec>(); }},
          {[this](uint64_t slot) { note_ready(slot); },
           [this](uint64_t slot, int pid, const std::string& text) {
             on_datagram(slot, pid, text);
           }}),
      sweeper_(loop_, clock_),
      updater_(loop_, link_, home,
               [](const Updater::OnStatus& done) { done({}); }),
      finish_timer_(loop_,
                    [this] {
                      if (!server_ || !server_->replying()) loop_.stop();
                    }),
      keeper_retry_(loop_, [this] { replace_keeper(); }),
      stay_(loop_, [this] { give_way(); }) {}

base::Status SafeDaemon::run() {
  const auto on_signal = [this] { end_apps([] {}); };
  terminate_ = std::make_unique<base::SignalWatch>(loop_, SIGTERM, on_signal);
  interrupt_ = std::make_unique<base::SignalWatch>(loop_, SIGINT, on_signal);
  if (auto said = link_.hello(); !said) return said;
  loop_.run();
  server_.reset();
  if (capture_.stop()) SpoolHolder::remove(home_id_);
  return {};
}

void SafeDaemon::on_found(keeper::FoundSlot slot) {
  if (SpoolHolder::is_spool(slot)) return spool_.take(std::move(slot));
  found_.push_back(std::move(slot));
}

void SafeDaemon::on_ready(keeper::KeeperNews keeper, base::UniqueFd listener) {
  keeper_ = std::move(keeper);
  sweeper_.set_ancestor(degraded_ ? 0 : keeper_.pid);
  if (server_) return;  // a new keeper says who it is
  if (auto copy = base::fs::duplicate(listener.get()); copy)
    listener_ = std::move(*copy);
  spool_.begin(link_, home_id_, capture_, chronicle_);
  adopt_all();
  server_ =
      std::make_unique<control::Server>(loop_, std::move(listener), *this);
  link_.serving();
  stay_.start(keeper::Comeback::kSafeStay);
  base::log::warn("daemon {} in safe mode, version {}: it only captures",
                  ::getpid(), LODGE_VERSION);
}

void SafeDaemon::on_upgrade_failed(keeper::KeeperNews keeper) {
  keeper_ = std::move(keeper);
  updater_.failed(keeper_.update_error);
}

// What has ended stays with the keeper: the daemon to come judges it.
void SafeDaemon::adopt_all() {
  std::vector<std::pair<supervisor::Life, keeper::FoundSlot*>> lives;
  for (auto& slot : found_) {
    auto life = supervisor::parse_label(slot.label);
    if (!life || slot.state == keeper::SlotState::Held) continue;
    life->slot = slot.number;
    Running one{.life = *life, .pid = slot.pid, .pidfd = {}, .sweep = 0};
    if (slot.state == keeper::SlotState::Exited) one.pid = 0;
    for (auto& entry : slot.fds)
      if (entry.role == keeper::Role::PidFd) one.pidfd = std::move(entry.fd);
    apps_.push_back(std::move(one));
    lives.emplace_back(std::move(*life), &slot);
  }
  io_.adopt(lives);
  found_.clear();
}

void SafeDaemon::on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd,
                            int error, int) {
  auto* const one = by_slot(slot);
  if (one == nullptr) return;
  one->pid = error == 0 ? pid : 0;
  one->pidfd = std::move(pidfd);
}

void SafeDaemon::on_exited(uint64_t slot, int, bool, int64_t) {
  auto* const one = by_slot(slot);
  if (one == nullptr) return;
  one->pid = 0;
  if (one->sweep != 0) sweeper_.root_ended(one->sweep);
}

SafeDaemon::Running* SafeDaemon::by_slot(uint64_t slot) {
  const auto it = std::ranges::find_if(
      apps_, [&](const auto& one) { return one.life.slot == slot; });
  return it == apps_.end() ? nullptr : &*it;
}

void SafeDaemon::on_datagram(uint64_t slot, int pid, const std::string& text) {
  const auto* const one = by_slot(slot);
  if (one == nullptr || !supervisor::parse_notice(text).ready) return;
  if (supervisor::is_member(pid, {.root = one->pid,
                                  .root_ended = one->pid == 0,
                                  .tag = one->life.tag(home_id_),
                                  .ancestor = 0}))
    note_ready(slot);
}

// For the daemon to come: it will not be said again.
void SafeDaemon::note_ready(uint64_t slot) {
  auto* const one = by_slot(slot);
  if (one == nullptr || one->life.ready) return;
  one->life.ready = true;
  io_.relabel(one->life);
}

void SafeDaemon::on_keeper_lost() {
  if (ending_) return;
  updater_.failed("the keeper is gone");
  degraded_ = true;
  sweeper_.set_ancestor(0);
  replace_keeper();
}

void SafeDaemon::replace_keeper() {
  link_.dismiss();  // one that was begun with and failed
  auto channel = keeper::start_successor(home_);
  if (channel) {
    link_.reconnect(std::move(*channel));
    if (hand_over()) return;
  }
  keeper_retry_.start(kKeeperRetry);
}

base::Status SafeDaemon::hand_over() {
  if (auto ok = link_.listen(listener_.get()); !ok) return ok;
  if (auto ok = spool_.hand_over(link_); !ok) return ok;
  return io_.hand_over([this](uint64_t slot) {
    const auto* const one = by_slot(slot);
    if (one == nullptr || one->pid == 0) return ChildIo::Process{};
    return ChildIo::Process{one->pid, one->pidfd.get()};
  });
}

void SafeDaemon::handle(const control::Request& request, const control::Peer&,
                        std::function<void(control::Reply)> reply) {
  if (std::holds_alternative<control::PingRequest>(request))
    return reply(describe());
  if (const auto* asked = std::get_if<control::ListRequest>(&request))
    return reply(list(asked->selection));
  if (std::holds_alternative<control::KillRequest>(request))
    return end_apps([reply] { reply(control::DoneReply{}); });
  if (const auto* asked = std::get_if<control::UpdateRequest>(&request))
    return updater_.begin(asked->path, std::move(reply));
  reply(control::ErrorReply{
      "safe mode: the daemon only captures, it starts and stops nothing",
      "its diary says why: " + home_.diary() + "; then: lodge update", 1});
}

void SafeDaemon::end_apps(std::function<void()> done) {
  ended_.push_back(std::move(done));
  if (std::exchange(ending_, true)) return;
  for (auto& one : apps_) {
    if (one.pid == 0) continue;
    one.sweep =
        sweeper_.begin({.root = one.pid,
                        .root_ended = false,
                        .tag = one.life.tag_prefix(home_id_),
                        .root_alone = false,
                        .group = groups_.find(one.life.id, one.life.generation),
                        .signal = SIGINT,
                        .kill_after = kKillTimeout,
                        .on_empty = [this, slot = one.life.slot] {
                          if (auto* const swept = by_slot(slot))
                            swept->sweep = 0;
                          end_if_empty();
                        }});
  }
  end_if_empty();
}

void SafeDaemon::end_if_empty() {
  if (std::ranges::any_of(apps_, [](const auto& one) { return one.sweep; }))
    return;
  (void)link_.quit();
  for (const auto& answer : std::exchange(ended_, {})) answer();
  finish_timer_.start(milliseconds{1}, milliseconds{5});
}

// As when it is killed: all that matters is the keeper's or in the spool. Not
// while apps are being ended, nor to a keeper that may not be there.
void SafeDaemon::give_way() {
  if (ending_ || degraded_) return;
  if (server_->replying()) return stay_.start(milliseconds{5});
  ::_exit(0);
}

control::PingReply SafeDaemon::describe() const {
  control::PingReply reply;
  reply.daemon_pid = ::getpid();
  reply.keeper_pid = keeper_.pid;
  reply.version = LODGE_VERSION;
  reply.uptime_ms =
      std::chrono::duration_cast<milliseconds>(clock_.mono() - born_).count();
  reply.degraded = degraded_;
  reply.safe = true;
  reply.updates = keeper_.updates;
  reply.update_error = keeper_.update_error;
  return reply;
}

control::Reply SafeDaemon::list(const control::Selection& selection) const {
  std::vector<base::TargetCandidate> candidates;
  for (const auto& one : apps_)
    candidates.push_back(
        {one.life.id, one.life.app, "default", one.life.number});
  auto chosen =
      base::resolve_targets(selection.targets, selection.exclude, candidates);
  if (!chosen)
    return control::ErrorReply{chosen.error().message, chosen.error().hint, 1};
  control::ListReply list;
  for (const size_t i : *chosen) list.instances.push_back(row(apps_[i]));
  std::ranges::sort(list.instances, {}, &control::InstanceInfo::id);
  list.degraded = degraded_;
  list.safe = true;
  list.version = LODGE_VERSION;
  return list;
}

control::InstanceInfo SafeDaemon::row(const Running& one) const {
  const auto& life = one.life;
  const auto log = [&](store::Stream stream) {
    return base::fs::join(home_.logs(),
                          store::live_name(life.app, stream, life.number));
  };
  control::InstanceInfo info;
  info.id = life.id;
  info.app = life.app;
  info.space = "default";
  info.instance = life.number;
  info.status = one.pid != 0 ? "online" : "stopped";
  info.reason = "safe mode";
  info.pid = one.pid;
  info.generation = life.generation;
  info.restarts = life.restarts;
  info.mode = "fork";
  info.out_file = log(store::Stream::Out);
  info.error_file = log(store::Stream::Error);
  info.events_file = base::fs::join(home_.logs(), store::events_name(life.app));
  if (one.pid == 0) return info;
  info.started_at_ms = life.launched.us / 1000;
  info.uptime_ms = (clock_.now().us - life.launched.us) / 1000;
  if (const auto process = supervisor::read_process(one.pid))
    info.memory_bytes = process->memory_bytes;
  return info;
}

}  // namespace

int run_safe(const base::Home& home, base::UniqueFd channel) {
  return run_as_daemon(home, std::move(channel),
                       [&](base::UniqueFd& taken, const std::string& id) {
                         return SafeDaemon(home, std::move(taken), id).run();
                       });
}

}  // namespace daemon_
