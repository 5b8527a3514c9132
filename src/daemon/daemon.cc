#include "daemon/daemon.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/fs.h"
#include "base/log.h"
#include "capture/capture_thread.h"
#include "control/server.h"
#include "daemon/adoption.h"
#include "daemon/capture_news.h"
#include "daemon/child_io.h"
#include "daemon/chronicle.h"
#include "daemon/handlers.h"
#include "daemon/health_looks.h"
#include "daemon/housekeeper.h"
#include "daemon/listing.h"
#include "daemon/log_files.h"
#include "daemon/notifier_process.h"
#include "daemon/open_logs.h"
#include "daemon/power_loss.h"
#include "daemon/recorder.h"
#include "daemon/spool_holder.h"
#include "daemon/startup.h"
#include "daemon/updater.h"
#include "daemon/upkeep.h"
#include "daemon/users.h"
#include "daemon/write_rates.h"
#include "keeper/launch.h"
#include "keeper/link.h"
#include "supervisor/app_list.h"
#include "supervisor/cgroups.h"
#include "supervisor/supervisor.h"

namespace daemon_ {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kKeeperRetry{1000};

class Daemon final : private keeper::LinkObserver {
 public:
  Daemon(const base::Home& home, base::UniqueFd channel,
         supervisor::LoadedList list, store::Catalog catalog,
         const std::string& home_id);

  int run();

 private:
  // keeper::LinkObserver, on the control loop
  void on_found(keeper::FoundSlot slot) override;
  void on_ready(keeper::KeeperNews keeper, base::UniqueFd listener) override;
  void on_upgrade_failed(keeper::KeeperNews keeper) override;
  void on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd, int error,
                  int step) override;
  void on_exited(uint64_t slot, int status, bool known,
                 int64_t ended_us) override;
  void on_keeper_lost() override;

  void shut_down(const supervisor::Cause& cause, std::function<void()> done);
  void finish();
  void replace_keeper();
  base::Status hand_over();
  ChildIo::Process process_of(uint64_t slot);
  control::PingReply describe() const;
  bool degraded() const;
  std::vector<TreeRoot> trees() const;
  bool has_rules() const;

  const base::Home& home_;
  const std::string home_id_;
  const std::string list_warning_;  // empty = the list is the last one
  base::SystemClock clock_;
  const base::MonoTime born_ = clock_.mono();
  base::EventLoop loop_;
  Recorder recorder_;
  CaptureTally tally_;
  WriteRates rates_;
  Sampler sampler_;
  Chronicle chronicle_;
  SealGate gate_;
  CaptureNews capture_news_;
  capture::CaptureThread capture_;
  keeper::Link link_;
  SpoolHolder spool_;
  Users users_;
  supervisor::Cgroups groups_;
  ChildIo io_;
  HealthLooks health_;
  Upkeep upkeep_;
  supervisor::Supervisor supervisor_;
  Listing listing_;
  Updater updater_;
  rotate::SealedBytes sealed_;
  Housekeeper housekeeper_;
  NotifierProcess notifier_;
  Handlers handlers_;
  std::unique_ptr<control::Server> server_;
  std::vector<keeper::FoundSlot> found_;
  std::unique_ptr<base::SignalWatch> terminate_;
  std::unique_ptr<base::SignalWatch> interrupt_;
  std::unique_ptr<base::SignalWatch> reopen_;
  base::Timer finish_timer_;
  base::Timer keeper_retry_;
  base::UniqueFd listener_;  // for a keeper to come
  keeper::KeeperNews keeper_;
  base::MonoTime keeper_replaced_;
  bool keeper_lost_ = false;    // and no successor has said who it is
  std::set<uint64_t> fosters_;  // slots of what a keeper before had started
  bool ending_ = false;
  std::vector<std::function<void()>> ended_;  // who waits for the end
};

Daemon::Daemon(const base::Home& home, base::UniqueFd channel,
               supervisor::LoadedList list, store::Catalog catalog,
               const std::string& home_id)
    : home_(home),
      home_id_(home_id),
      list_warning_(std::move(list.warning)),
      recorder_(
          loop_, home,
          [this] { return supervisor::print_app_list(supervisor_.list()); }),
      sampler_(loop_, clock_, [this] { return trees(); }),
      chronicle_(recorder_, clock_, tally_, &sampler_, home.logs(),
                 std::move(catalog)),
      capture_news_(
          loop_, clock_, home.logs(), chronicle_, tally_, gate_,
          {[this](uint64_t source) { io_.source_ended(source); },
           [this](const std::string& app, const std::string& file,
                  uint64_t bytes) { housekeeper_.sealed(app, file, bytes); },
           [this] { housekeeper_.disk_full(); }}),
      capture_({.clock = clock_}, capture_news_),
      link_(loop_, std::move(channel), *this),
      groups_(
          supervisor::Cgroups::find_own_dir(), home_id,
          [this](int pid) { return supervisor::is_ours(pid, keeper_.pid); }),
      io_(loop_, link_, capture_, users_, groups_,
          {home.logs(),
           [this](int id) {
             const auto* app = supervisor_.app_of(id);
             return app != nullptr ? &app->spec : nullptr;
           },
           [this] { return housekeeper_.seal_size(); },
           [this] {
             return sink_specs(supervisor_, home_.logs(),
                               housekeeper_.seal_size());
           }},
          {[this](uint64_t slot) { supervisor_.on_ready_word(slot); },
           [this](uint64_t slot, int pid, const std::string& text) {
             supervisor_.on_notice(slot, pid, supervisor::parse_notice(text));
           }}),
      health_(loop_, users_, home_id),
      upkeep_(loop_, clock_, supervisor_, chronicle_, home.root()),
      supervisor_(loop_, clock_, io_, health_, upkeep_, groups_, home_id),
      listing_(
          home.logs(), tally_, rates_, sampler_, users_,
          [this](uint64_t slot) { return io_.output_open(slot); },
          [this] { return housekeeper_.seal_size(); },
          [this] { return groups_.controllers(); }),
      updater_(loop_, link_, home,
               [this](Updater::OnStatus done) {
                 recorder_.when_written(std::move(done));
               }),
      sealed_(clock_, home.logs()),
      housekeeper_({loop_, clock_, home_, supervisor_, capture_, chronicle_,
                    gate_, tally_, rates_}),
      notifier_(loop_, home, [this] { return has_rules(); }),
      handlers_(
          {loop_, clock_, home_, supervisor_, capture_, chronicle_, recorder_,
           listing_, users_, updater_, sealed_, housekeeper_,
           [this](uint64_t slot, std::string_view bytes) {
             return io_.input(slot, bytes);
           },
           [this] { return describe(); }, [this] { return ending_; },
           [this](const supervisor::Cause& cause, std::function<void()> done) {
             shut_down(cause, std::move(done));
           },
           list_warning_}),
      finish_timer_(loop_, [this] { finish(); }),
      keeper_retry_(loop_, [this] { replace_keeper(); }) {
  supervisor_.restore(std::move(list.list));
}

int Daemon::run() {
  const auto on_signal = [this] { shut_down({"signal", "SIGTERM"}, [] {}); };
  terminate_ = std::make_unique<base::SignalWatch>(loop_, SIGTERM, on_signal);
  interrupt_ = std::make_unique<base::SignalWatch>(loop_, SIGINT, on_signal);
  // As external tools ask for it that have moved a log.
  reopen_ = std::make_unique<base::SignalWatch>(
      loop_, SIGUSR2, [this] { capture_.look([](size_t) {}); });
  if (auto said = link_.hello(); !said) {
    base::log::error("{}", said.error().message);
    return 1;
  }
  loop_.run();
  server_.reset();
  groups_.tidy_all();
  gate_.set_limit(UINT64_MAX);  // nobody makes room any more
  if (capture_.stop()) {
    SpoolHolder::remove(home_id_);
    ended_in_order(home_);
  }
  return 0;
}

void Daemon::on_found(keeper::FoundSlot slot) {
  // Without the whole truth we would start a second copy of what runs. The
  // keeper tries again with another daemon, later and later.
  if (!slot.whole) {
    base::log::error("no descriptors left to take the apps over; ending");
    ::_exit(1);
  }
  if (SpoolHolder::is_spool(slot)) return spool_.take(std::move(slot));
  found_.push_back(std::move(slot));
}

void Daemon::on_ready(keeper::KeeperNews keeper, base::UniqueFd listener) {
  keeper_ = std::move(keeper);
  keeper_lost_ = false;
  if (server_) return;  // a new keeper says who it is
  if (auto copy = base::fs::duplicate(listener.get()); copy)
    listener_ = std::move(*copy);
  const bool fresh = found_.empty();
  spool_.begin(link_, home_id_, capture_, chronicle_);
  supervisor_.set_keeper(keeper_.pid);
  Adoption adoption(supervisor_, io_, link_);
  adoption.adopt(std::exchange(found_, {}));
  if (fresh)
    adoption.adopt_orphans(home_id_,
                           [this](uint64_t slot) { return process_of(slot); });
  fosters_ = adoption.fosters();
  chronicle_.enter(supervisor_);
  groups_.tidy_all();  // of lives whose end no daemon saw
  supervisor_.begin();
  if (!list_warning_.empty()) {
    chronicle_.record_error(list_warning_);
    recorder_.list_changed();  // a whole one again
  }
  housekeeper_.begin();
  sampler_.begin();
  notifier_.begin();
  server_ =
      std::make_unique<control::Server>(loop_, std::move(listener), handlers_);
  link_.serving();
  base::log::info("daemon {} ready, version {}", ::getpid(), LODGE_VERSION);
}

void Daemon::on_upgrade_failed(keeper::KeeperNews keeper) {
  keeper_ = std::move(keeper);
  updater_.failed(keeper_.update_error);
}

void Daemon::on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd, int error,
                        int step) {
  supervisor_.on_spawned(slot, pid, std::move(pidfd), error, step);
  if (error != 0)
    io_.process_over(slot);
  else
    io_.listen(slot);
}

void Daemon::on_exited(uint64_t slot, int status, bool known,
                       int64_t ended_us) {
  // The last lines first, then the exit.
  io_.process_over(slot);
  io_.drain(slot, [this, slot, status, known, ended_us] {
    supervisor_.on_exited(slot, {status, known, base::Timestamp{ended_us}});
  });
}

void Daemon::on_keeper_lost() {
  if (ending_) return;
  updater_.failed("the keeper is gone");
  if (!std::exchange(keeper_lost_, true)) {
    store::Event event;
    event.kind = store::EventKind::Lost;
    event.reason =
        "the keeper is gone; how the apps that run now will end may stay "
        "unknown";
    base::log::error("{}", event.reason);
    chronicle_.record(std::move(event));
  }
  for (const auto& app : supervisor_.apps())
    for (const auto& instance : app->instances)
      if (instance->pid() > 0) fosters_.insert(instance->life().slot);
  supervisor_.on_keeper_lost();
  // The first one at once; should successors fail too, not in a frenzy.
  const bool again = clock_.mono() - keeper_replaced_ < kKeeperRetry;
  keeper_retry_.start(again ? kKeeperRetry : milliseconds{0});
}

void Daemon::replace_keeper() {
  keeper_replaced_ = clock_.mono();
  link_.dismiss();  // one that was begun with and failed
  auto channel = keeper::start_successor(home_);
  base::Status status;
  if (channel) {
    link_.reconnect(std::move(*channel));
    status = hand_over();
  } else {
    status = base::fail(std::move(channel.error()));
  }
  if (status) return;
  base::log::error("no new keeper: {}", status.error().message);
  keeper_retry_.start(kKeeperRetry);
}

// Everything that is to outlive us, to a keeper that knows nothing yet.
base::Status Daemon::hand_over() {
  if (auto ok = link_.listen(listener_.get()); !ok) return ok;
  if (auto ok = spool_.hand_over(link_); !ok) return ok;
  return io_.hand_over([this](uint64_t slot) { return process_of(slot); });
}

ChildIo::Process Daemon::process_of(uint64_t slot) {
  const auto* instance = supervisor_.by_slot(slot);
  if (instance == nullptr || instance->pid() == 0) return {};
  return {instance->pid(), instance->pidfd()};
}

void Daemon::shut_down(const supervisor::Cause& cause,
                       std::function<void()> done) {
  ended_.push_back(std::move(done));
  if (ending_) return;
  ending_ = true;
  supervisor_.shut_down(cause, [this] {
    recorder_.list_changed();
    recorder_.when_written([this](base::Status) {
      (void)link_.quit();
      for (const auto& answer : std::exchange(ended_, {})) answer();
      finish_timer_.start(milliseconds{1}, milliseconds{5});
    });
  });
}

void Daemon::finish() {
  if (server_ && server_->replying()) return;
  base::log::info("daemon {} ends", ::getpid());
  loop_.stop();
}

control::PingReply Daemon::describe() const {
  control::PingReply reply;
  reply.daemon_pid = ::getpid();
  reply.keeper_pid = keeper_lost_ ? 0 : keeper_.pid;
  reply.version = LODGE_VERSION;
  reply.uptime_ms =
      std::chrono::duration_cast<milliseconds>(clock_.mono() - born_).count();
  reply.degraded = degraded();
  reply.updates = keeper_.updates;
  reply.update_error = keeper_.update_error;
  return reply;
}

// Until all that run are children of the keeper there is.
bool Daemon::degraded() const {
  return keeper_lost_ ||
         std::ranges::any_of(supervisor_.apps(), [&](const auto& app) {
           return std::ranges::any_of(
               app->instances, [&](const auto& instance) {
                 return instance->pid() > 0 &&
                        fosters_.contains(instance->life().slot);
               });
         });
}

// Of all that run.
std::vector<TreeRoot> Daemon::trees() const {
  std::vector<TreeRoot> roots;
  for (const auto& app : supervisor_.apps())
    for (const auto& instance : app->instances)
      if (instance->pid() > 0)
        roots.push_back({instance->life().id, instance->pid(),
                         instance->life().tag(home_id_)});
  return roots;
}

bool Daemon::has_rules() const {
  return !ending_ &&
         (!housekeeper_.settings().notify.empty() ||
          std::ranges::any_of(supervisor_.apps(), [](const auto& app) {
            return !app->spec.notify.empty();
          }));
}

base::Status run_normal(const base::Home& home, base::UniqueFd& channel,
                        const std::string& id) {
  auto list = supervisor::load_app_list(home.app_list());
  if (!list) return base::fail(std::move(list.error()));
  if (!list->warning.empty()) {
    base::log::warn("{}", list->warning);
    // Out of the way: the next write would make it the copy.
    (void)base::fs::rename(home.app_list(), home.app_list() + ".damaged");
  }
  supervisor::remove_leftovers(home.app_list());
  auto catalog = open_logs(home);
  if (!catalog) return base::fail(std::move(catalog.error()));
  look_for_power_loss(home, current_boot(), list->list, *catalog,
                      base::SystemClock());
  Daemon daemon(home, std::move(channel), std::move(*list), std::move(*catalog),
                id);
  daemon.run();
  return {};
}

}  // namespace

int run(const base::Home& home, base::UniqueFd channel) {
  return run_as_daemon(home, std::move(channel),
                       [&](base::UniqueFd& taken, const std::string& id) {
                         return run_normal(home, taken, id);
                       });
}

}  // namespace daemon_
