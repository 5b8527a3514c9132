#pragma once
// All apps in their wanted states. The only door for commands and for news of
// processes. Lives on the control loop; knows nothing of logs.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "supervisor/app_list.h"
#include "supervisor/dependencies.h"
#include "supervisor/instance.h"
#include "supervisor/launch_gate.h"
#include "supervisor/launcher.h"
#include "supervisor/observer.h"
#include "supervisor/sweeper.h"

namespace supervisor {

struct App {
  config::AppSpec spec;
  base::Timestamp created;
  std::vector<std::unique_ptr<Instance>> instances;  // ascending by number
};

// How a command went for one instance.
struct Outcome {
  Life life;
  int instances = 1;   // of the app
  std::string action;  // "started", "restarted", "unchanged", "stopped", ...
  Settled settled;
};
using Outcomes = std::vector<Outcome>;
using OnOutcomes = std::function<void(Outcomes)>;

using Environment = config::Environment;

struct StartOptions {
  bool wait = true;
  bool update_env = false;  // of an app that is known
  bool restart = false;     // also when nothing has changed
};

// What takes the place of what an app has.
struct EnvChange {
  const Environment* inherited = nullptr;  // null = it stays
  std::string variant;                     // empty = it stays
};

// Keys by which a running app is another one. A frozen environment that was
// taken anew is no key, but it is env to people.
std::vector<std::string> what_changed(const config::AppSpec& from,
                                      const config::AppSpec& to);

class Supervisor {
 public:
  Supervisor(base::EventLoop& loop, const base::Clock& clock,
             Launcher& launcher, Prober& prober, Observer& observer,
             Cgroups& groups, std::string home_id);

  // At the daemon's start, in this order: the list; the numbers of all slots
  // that the keeper holds; their lives, of each instance only the newest; then
  // begin() starts what should run and does not.
  void restore(AppList list);
  void reserve_slot(uint64_t slot);
  uint64_t new_slot() { return next_slot_++; }
  // A slot that belongs to no app is the caller's to end: false.
  bool adopt(Life life, int pid, base::UniqueFd pidfd);
  bool adopt_ended(Life life, const ExitNews& news);
  bool adopt_unspawned(Life life);
  void begin();
  // The pid below which all apps are; 0 = not known any more.
  void set_keeper(int pid) { sweeper_.set_ancestor(pid); }
  int keeper() const { return sweeper_.ancestor(); }
  // What the environment of all processes of that life has.
  std::string tag_of(const Life& life) const {
    return life.tag(around_.home_id);
  }
  // A process that belongs to no app: its tree is ended.
  void end_stray(int root, const Life& life);

  // Commands. `done` comes once; ids are those of instances, as in list(), and
  // must exist. While shutting down nothing is started: no outcome.
  // Errc::Exists: the name was derived, and another script has it.
  base::Status check_name(const config::AppSpec& spec) const;
  // Starts a new app, or applies a changed definition to the known one of that
  // name. Fails as check_name().
  base::Status start(config::AppSpec spec, const StartOptions& options,
                     const Cause& cause, OnOutcomes done);
  void start(const std::vector<int>& ids, bool wait, const EnvChange& env,
             const Cause& cause, OnOutcomes done);
  // Errc::NotFound: an app of these has no environment of that name.
  base::Status check_variant(const std::vector<int>& ids,
                             const std::string& variant) const;
  // The spec that start() would make of it for the app of that name.
  config::AppSpec merged(config::AppSpec spec,
                         const StartOptions& options) const;
  void stop(const std::vector<int>& ids, const Cause& cause, OnOutcomes done);
  // Where one depends on another of them: stopped and started in order.
  void restart(const std::vector<int>& ids, bool wait, const EnvChange& env,
               const Cause& cause, OnOutcomes done);
  void remove(const std::vector<int>& ids, const Cause& cause, OnOutcomes done);
  // An app of a snapshot, whose name must be free: as it was, but down. Its ids
  // are kept where they are free. Returns those that were wanted.
  std::vector<int> add(ListedApp listed);
  // `app` gets `count` instances, at least one; those it has are left alone.
  // Errc::Exists: some of it are being deleted.
  base::Status scale(App& app, int count, bool wait, const Cause& cause,
                     OnOutcomes done);
  // At once: restart counters to zero; a signal to each main process.
  Outcomes reset(const std::vector<int>& ids);
  Outcomes signal(const std::vector<int>& ids, int number);
  // Stops everything but leaves each app as wanted as it was. `signal`: what
  // they are asked to end with; 0 = as each is configured.
  void shut_down(const Cause& cause, std::function<void()> done,
                 int signal = 0);

  // News of processes.
  void on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd, int error,
                  int step);
  void on_exited(uint64_t slot, const ExitNews& news);
  // process.send("ready") over a channel that is the app's own; and a datagram
  // of sd_notify from process `pid`, which counts if that is in the app's tree.
  void on_ready_word(uint64_t slot);
  void on_notice(uint64_t slot, int pid, Notice notice);
  // Apps are no longer below the keeper that started them.
  void on_keeper_lost();

  // Ascending by id of their first instance.
  const std::vector<std::unique_ptr<App>>& apps() const { return apps_; }
  Instance* find(int id);
  Instance* by_slot(uint64_t slot);
  const App* app_of(int id) const;
  App* find_app(std::string_view name);
  const App* find_app(std::string_view name) const;
  AppList list() const;

 private:
  // Asked of the keeper and not yet answered.
  static constexpr size_t kLaunchesAtOnce = 16;
  class Gather;
  Instance& at(int id);  // ids that exist
  const App& app_at(int id) const;
  Instance* by_life(const Life& life);
  App& add_app(config::AppSpec spec);
  void add_instance(App& app, const ListedInstance& listed);
  void resize(App& app, const Cause& cause, Gather& gather);
  void bring_up(Instance& instance, const App& app,
                const std::vector<std::string>& changed,
                const StartOptions& options, const Cause& cause,
                Gather& gather);
  // The apps for which that is another one.
  std::set<const App*> set_env(const std::vector<int>& ids,
                               const EnvChange& env, const Cause& cause);
  void tell_changed(const config::AppSpec& before, const config::AppSpec& now,
                    const Cause& cause);
  void erase(int id);
  uint64_t give_slot(int id);
  // What depends on nobody here last; `keep_wanted`: to come back some day.
  void stop_in_order(const std::vector<int>& ids, bool keep_wanted,
                     const Cause& cause, OnOutcomes done, int signal = 0);
  void look_at_held();
  struct Restart {
    int id;
    std::function<void(Settled)> done;  // may be empty
  };
  bool depend_among(const std::vector<int>& ids);
  void restart_in_order(const std::vector<int>& ids,
                        std::vector<Restart> restarts, const Cause& cause);
  std::optional<std::vector<Standing>> standings(const std::string& app);

  const base::Clock& clock_;
  Observer& observer_;
  Sweeper sweeper_;
  LaunchGate gate_{kLaunchesAtOnce};
  // Expires with this supervisor: for tasks on the loop.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Surroundings around_;
  int next_id_ = 0;
  uint64_t next_slot_ = 1;
  bool shutting_down_ = false;
  bool look_posted_ = false;
  std::vector<std::unique_ptr<App>> apps_;
  // To find among hundreds.
  struct Place {
    App* app = nullptr;
    Instance* instance = nullptr;
  };
  std::unordered_map<int, Place> by_id_;
  std::unordered_map<uint64_t, int> ids_;  // by slot, of the current lives
  std::map<std::string, App*, std::less<>> by_name_;
};

}  // namespace supervisor
