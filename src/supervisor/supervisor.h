#pragma once
// All apps in their wanted states. The only door for commands and for news of
// processes. Lives on the control loop; knows nothing of logs.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "supervisor/app_list.h"
#include "supervisor/instance.h"
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

using Environment = std::map<std::string, std::string>;

struct StartOptions {
  bool wait = true;
  bool update_env = false;  // of an app that is known
};

class Supervisor {
 public:
  Supervisor(base::EventLoop& loop, const base::Clock& clock,
             Launcher& launcher, Observer& observer, Cgroups& groups,
             std::string home_id);

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
  // `env`: what takes the place of the frozen environment, or null.
  void start(const std::vector<int>& ids, bool wait, const Environment* env,
             const Cause& cause, OnOutcomes done);
  void stop(const std::vector<int>& ids, const Cause& cause, OnOutcomes done);
  void restart(const std::vector<int>& ids, bool wait, const Environment* env,
               const Cause& cause, OnOutcomes done);
  void remove(const std::vector<int>& ids, const Cause& cause, OnOutcomes done);
  // Stops everything but leaves each app as wanted as it was.
  void shut_down(const Cause& cause, std::function<void()> done);

  // News of processes.
  void on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd, int error,
                  int step);
  void on_exited(uint64_t slot, const ExitNews& news);
  // Apps are no longer below the keeper that started them.
  void on_keeper_lost();

  // Ascending by id of their first instance.
  const std::vector<std::unique_ptr<App>>& apps() const { return apps_; }
  Instance* find(int id);
  Instance* by_slot(uint64_t slot);
  const App* app_of(int id) const;
  App* find_app(std::string_view name);
  AppList list() const;

 private:
  class Gather;
  Instance& at(int id);  // ids that exist
  const App& app_at(int id) const;
  Instance* by_life(const Life& life);
  App& add_app(config::AppSpec spec);
  void add_instance(App& app, const ListedInstance& listed);
  void resize(App& app, const Cause& cause, Gather& gather);
  void bring_up(Instance& instance, const App& app,
                const std::vector<std::string>& changed, bool wait,
                const Cause& cause, Gather& gather);
  // The apps for which that is another one.
  std::set<const App*> set_env(const std::vector<int>& ids,
                               const Environment* env);
  void erase(int id);

  const base::Clock& clock_;
  Observer& observer_;
  Sweeper sweeper_;
  Surroundings around_;
  int next_id_ = 0;
  uint64_t next_slot_ = 1;
  bool shutting_down_ = false;
  std::vector<std::unique_ptr<App>> apps_;
};

}  // namespace supervisor
