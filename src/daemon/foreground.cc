#include "daemon/foreground.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/eprint.h"
#include "base/event_loop.h"
#include "base/fs.h"
#include "base/units.h"
#include "daemon/direct_launcher.h"
#include "daemon/foreground_logs.h"
#include "daemon/health_looks.h"
#include "daemon/line_relay.h"
#include "daemon/start_checks.h"
#include "keeper/parent.h"
#include "supervisor/supervisor.h"

namespace daemon_ {
namespace {

using supervisor::Happening;
using supervisor::State;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kNotStarted = 127;  // as shells have it
constexpr int kSignalled = 128;
// How long a reader may take nothing at the end: when we were told to go, and
// when the apps have ended by themselves.
constexpr int kToldDrainMs = 1000;
constexpr int kDrainMs = 30'000;

void complain(const base::Error& error) {
  base::eprint("lodge: run: {}{}\n", error.message,
               error.hint.empty() ? "" : " · " + error.hint);
}

int exit_of(const base::Error& error) {
  return error.code == base::Errc::Invalid || error.code == base::Errc::Exists
             ? kUsage
             : kFailed;
}

int code_of(const supervisor::Ending& ending) {
  if (!ending.started) return kNotStarted;
  return ending.signal != 0 ? kSignalled + ending.signal : ending.code;
}

// Of this run alone: two of them must not end each other's processes.
std::string any_id() {
  std::random_device random;
  return fmt::format("run-{}-{:08x}", ::getpid(), random());
}

class Foreground final : private supervisor::Observer {
 public:
  Foreground(const ForegroundPlan& plan, std::vector<config::AppSpec> specs,
             const rlimit& nofile, std::unique_ptr<LineRelay> relay,
             std::optional<ForegroundLogs::Ground> logs);
  int run();

 private:
  // supervisor::Observer
  void on_happening(const Happening& happening) override;
  void on_list_changed() override {}
  void on_barred() override { look_soon(); }

  void on_signal(int signal);
  void end(int signal);
  void look_soon();
  void look();
  std::string name_of(const supervisor::Life& life) const;
  void say(const supervisor::Life& life, std::string_view what) const;

  const ForegroundPlan& plan_;
  std::vector<config::AppSpec> specs_;
  std::unique_ptr<LineRelay> relay_;
  size_t widest_ = 0;  // name
  base::SystemClock clock_;
  base::EventLoop loop_;
  const std::string id_ = any_id();
  Users users_;
  supervisor::Cgroups groups_;
  DirectLauncher launcher_;
  HealthLooks health_;
  supervisor::Supervisor supervisor_;
  std::unique_ptr<ForegroundLogs> logs_;  // null: no files
  std::vector<base::SignalWatch> watches_;
  int code_ = 0;
  bool ending_ = false;
  bool told_ = false;  // ... by a signal
  bool looking_ = false;
};

bool is_alone(const std::vector<config::AppSpec>& specs) {
  return specs.size() == 1 && specs.front().instances == 1;
}

Foreground::Foreground(const ForegroundPlan& plan,
                       std::vector<config::AppSpec> specs, const rlimit& nofile,
                       std::unique_ptr<LineRelay> relay,
                       std::optional<ForegroundLogs::Ground> logs)
    : plan_(plan),
      specs_(std::move(specs)),
      relay_(std::move(relay)),
      groups_(supervisor::Cgroups::find_own_dir(), id_,
              [](int pid) { return supervisor::is_ours(pid, ::getpid()); }),
      launcher_(
          loop_, clock_, nofile, users_, groups_,
          {.relay = relay_.get(),
           .prefix = [this](const supervisor::Life& life)
               -> std::optional<std::string> {
             // Without names, two still don't share a line.
             if (!plan_.prefix && is_alone(specs_)) return std::nullopt;
             if (!plan_.prefix) return "";
             // Six colours that are legible on dark and light.
             const int color = 31 + life.id % 6;
             const auto name = fmt::format("{:<{}} | ", name_of(life), widest_);
             return plan_.color ? fmt::format("\x1b[{}m{}\x1b[0m", color, name)
                                : name;
           },
           .copy =
               [this](const supervisor::Life& life, const config::AppSpec& spec,
                      store::Stream stream) -> base::Result<base::UniqueFd> {
             if (!logs_) return base::UniqueFd();
             if (stream == store::Stream::Out) logs_->apps_known();
             return logs_->open(life, spec, stream);
           },
           .drain =
               logs ? std::function([this](uint64_t slot,
                                           const std::function<void()>& done) {
                 relay_->drain(
                     slot, [this, slot, done] { logs_->drain(slot, done); });
               })
                    : std::function<void(uint64_t,
                                         const std::function<void()>&)>(),
           .stdin_too = is_alone(specs_) && ::fcntl(0, F_GETFD) >= 0},
          [this]() -> supervisor::Supervisor& { return supervisor_; }),
      health_(loop_, users_, id_),
      supervisor_(loop_, clock_, launcher_, health_, *this, groups_, id_) {
  if (logs)
    logs_ = std::make_unique<ForegroundLogs>(loop_, clock_, std::move(*logs),
                                             supervisor_);
  for (const auto& spec : specs_)
    widest_ = std::max(
        widest_,
        spec.name.size() + (spec.instances > 1
                                ? std::to_string(spec.instances - 1).size() + 1
                                : 0));
  for (const int signal :
       {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH})
    watches_.emplace_back(loop_, signal, [this, signal] { on_signal(signal); });
}

int Foreground::run() {
  supervisor_.set_keeper(::getpid());
  std::optional<int> refused;
  for (auto& spec : specs_) {
    const auto name = spec.name;
    auto started =
        supervisor_.start(spec, {.wait = false}, {"lodge", "lodge run"}, {});
    if (started) continue;
    complain(started.error());
    refused = exit_of(started.error());
    end(SIGTERM);
    break;
  }
  loop_.run();
  if (logs_) logs_->end_waiting();
  if (relay_) relay_->finish(told_ ? kToldDrainMs : kDrainMs);
  if (logs_) logs_->finish();
  // What capture had to tell meanwhile.
  loop_.post([] {});
  loop_.run_once();
  return refused.value_or(code_);
}

void Foreground::on_happening(const Happening& happening) {
  using Kind = Happening::Kind;
  if (logs_) logs_->observer().on_happening(happening);
  switch (happening.kind) {
    case Kind::Ended:
      code_ = code_of(happening.ending);
      if (!ending_)
        say(happening.life, happening.ending.started
                                ? supervisor::describe_ending(happening.ending)
                                : happening.reason);
      break;
    case Kind::Waiting:
      say(happening.life,
          "starts again in " + base::format_duration(happening.delay));
      break;
    case Kind::Errored:
      say(happening.life, "given up: " + happening.reason);
      break;
    default:
      break;
  }
  look_soon();
}

// When the news has had its consequences.
void Foreground::look_soon() {
  if (std::exchange(looking_, true)) return;
  loop_.post([this] {
    looking_ = false;
    look();
  });
}

// One that is errored would be tried again in minutes, one that waits for it
// then; what runs the container knows better what to do.
void Foreground::look() {
  if (ending_) return;
  std::vector<const supervisor::Instance*> barred;
  for (const auto& app : supervisor_.apps())
    for (const auto& instance : app->instances) {
      if (instance->state() == State::Held && instance->barred())
        barred.push_back(instance.get());
      else if (instance->state() != State::Stopped &&
               instance->state() != State::Errored)
        return;
    }
  for (const auto* instance : barred) say(instance->life(), instance->reason());
  if (!barred.empty() && code_ == 0) code_ = kNotStarted;
  end(SIGTERM);  // what they left behind
}

void Foreground::on_signal(int signal) {
  const bool ends = signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
  told_ = told_ || ends;
  if (!ends || ending_) return launcher_.signal_all(signal);
  end(signal);
}

void Foreground::end(int signal) {
  ending_ = true;
  supervisor_.shut_down(
      {"signal", "lodge run"}, [this] { loop_.stop(); }, signal);
}

std::string Foreground::name_of(const supervisor::Life& life) const {
  const auto spec = std::ranges::find(specs_, life.app, &config::AppSpec::name);
  return spec != specs_.end() && spec->instances > 1
             ? fmt::format("{}/{}", life.app, life.number)
             : life.app;
}

void Foreground::say(const supervisor::Life& life,
                     std::string_view what) const {
  if (plan_.silent) return;
  // Nobody may be there to hear it.
  (void)base::fs::write_all(
      STDERR_FILENO, fmt::format("lodge: {}: {}\n", name_of(life), what), "");
}

// All of them can run, together too.
base::Result<std::vector<config::AppSpec>> read_specs(
    const ForegroundPlan& plan) {
  std::vector<config::AppSpec> specs;
  Users users;
  std::set<std::string> names;
  for (const auto& definition : plan.definitions) {
    auto spec = config::parse_spec(definition);
    if (!spec) return base::fail(std::move(spec.error()));
    if (!names.insert(spec->name).second)
      return base::fail(base::Errc::Exists,
                        spec->name + ": two apps of that name",
                        "each app needs a name of its own");
    spec->environment.inherited.insert(plan.environment.begin(),
                                       plan.environment.end());
    if (auto good = check_app(*spec, users); !good)
      return base::fail(std::move(good.error()));
    specs.push_back(std::move(*spec));
  }
  if (auto good = check_order(specs, {}); !good)
    return base::fail(std::move(good.error()));
  return specs;
}

}  // namespace

int run_foreground(const ForegroundPlan& plan) {
  auto specs = read_specs(plan);
  if (!specs) {
    complain(specs.error());
    return exit_of(specs.error());
  }
  // An app that ends while nobody reads must not take us along.
  auto nofile = keeper::become_parent();
  if (!nofile) {
    complain(nofile.error());
    return kFailed;
  }
  std::optional<ForegroundLogs::Ground> logs;
  if (plan.files) {
    auto prepared = ForegroundLogs::prepare(*plan.files, *specs);
    if (!prepared) {
      complain(prepared.error());
      return exit_of(prepared.error());
    }
    logs = std::move(*prepared);
  }
  std::unique_ptr<LineRelay> relay;
  if (plan.prefix || logs) {
    // As a program that writes to a closed pipe itself.
    auto begun = LineRelay::begin([] { ::kill(::getpid(), SIGTERM); });
    if (!begun) {
      complain(begun.error());
      return kFailed;
    }
    relay = std::move(*begun);
  }
  return Foreground(plan, std::move(*specs), *nofile, std::move(relay),
                    std::move(logs))
      .run();
}

}  // namespace daemon_
