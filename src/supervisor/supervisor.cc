#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "supervisor/gather.h"

namespace supervisor {

Supervisor::Supervisor(base::EventLoop& loop, const base::Clock& clock,
                       Launcher& launcher, Prober& prober, Observer& observer,
                       Cgroups& groups, std::string home_id)
    : clock_(clock),
      observer_(observer),
      sweeper_(loop, clock),
      around_{loop,
              clock,
              launcher,
              prober,
              observer,
              sweeper_,
              gate_,
              groups,
              std::move(home_id),
              [this](int id) { return give_slot(id); },
              [engine =
                   std::make_shared<std::minstd_rand>(std::random_device{}())] {
                return std::uniform_real_distribution<double>(0, 1)(*engine);
              },
              [this, alive = std::weak_ptr<int>(alive_)] {
                // In the loop's next turn: a command has defined all its apps
                // by then, and many changes are one look.
                if (std::exchange(look_posted_, true)) return;
                around_.loop.post([this, alive] {
                  if (!alive.expired()) look_at_held();
                });
              }} {}

void Supervisor::restore(AppList list) {
  next_id_ = list.next_id;
  for (auto& listed : list.apps) {
    auto& app = add_app(std::move(listed.spec));
    app.created = listed.created;
    for (const auto& instance : listed.instances) {
      add_instance(app, instance);
      next_id_ = std::max(next_id_, instance.id + 1);
    }
  }
}

bool Supervisor::adopt(Life life, int pid, base::UniqueFd pidfd) {
  Instance* const instance = by_life(life);
  if (instance == nullptr) return false;
  ids_[life.slot] = life.id;
  instance->adopt(std::move(life), pid, std::move(pidfd));
  return true;
}

bool Supervisor::adopt_ended(Life life, const ExitNews& news) {
  Instance* const instance = by_life(life);
  if (instance == nullptr) return false;
  // An older slot than the one in use: the daemon died between the two.
  if (life.generation < instance->life().generation) return false;
  ids_[life.slot] = life.id;
  instance->adopt_ended(std::move(life), news);
  return true;
}

bool Supervisor::adopt_unspawned(Life life) {
  Instance* const instance = by_life(life);
  if (instance == nullptr) return false;
  ids_[life.slot] = life.id;
  instance->adopt_unspawned(std::move(life));
  return true;
}

void Supervisor::reserve_slot(uint64_t slot) {
  next_slot_ = std::max(next_slot_, slot + 1);
}

void Supervisor::end_stray(int root, const Life& life) {
  sweeper_.begin({.root = root,
                  .root_ended = false,
                  .tag = life.tag(around_.home_id),
                  .root_alone = false,
                  .group = around_.groups.find(life.id, life.generation),
                  .signal = SIGTERM,
                  .kill_after = std::chrono::seconds(10),
                  .on_empty = {}});
}

void Supervisor::on_keeper_lost() {
  sweeper_.set_ancestor(0);
  for (auto& app : apps_)
    for (auto& instance : app->instances) instance->on_keeper_lost();
  gate_.clear();
}

void Supervisor::begin() {
  for (auto& app : apps_)
    for (auto& instance : app->instances)
      if (instance->wanted() && instance->state() == State::Stopped)
        instance->start({"lodge", "boot"}, {});
}

base::Status Supervisor::check_name(const config::AppSpec& spec) const {
  const auto found = by_name_.find(spec.name);
  if (found == by_name_.end() || spec.name_given) return {};
  const auto& known = found->second->spec;
  if (known.script == spec.script && known.shell == spec.shell) return {};
  return base::fail(
      base::Errc::Exists,
      fmt::format("{}: there is an app of that name, which runs {}", spec.name,
                  known.script),
      "choose a name: --name " + spec.name + "-2");
}

base::Status Supervisor::start(config::AppSpec spec,
                               const StartOptions& options, const Cause& cause,
                               OnOutcomes done) {
  if (shutting_down_)
    return base::fail(base::Errc::Unavailable, "the daemon is shutting down");
  if (auto free = check_name(spec); !free) return free;
  App* app = find_app(spec.name);
  const bool known = app != nullptr;
  std::vector<std::string> changed;
  if (known) {
    spec = merged(std::move(spec), options);
    const config::AppSpec before = std::exchange(app->spec, std::move(spec));
    changed = what_changed(before, app->spec);
    std::erase(changed, "notify");  // the app has no part in it
    tell_changed(before, app->spec, cause);
  } else {
    app = &add_app(std::move(spec));
  }
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  const auto kept = static_cast<size_t>(app->spec.instances);
  resize(*app, cause, *gather);
  for (size_t i = 0; i < kept; ++i) {
    Instance& instance = *app->instances[i];
    // Started by name, never by being defined.
    if (!app->spec.keep.autostart && !instance.wanted()) {
      gather->add(instance, *app, known ? "unchanged" : "listed");
      if (!known) instance.set_resting(true);
      continue;
    }
    bring_up(instance, *app, changed, options, cause, *gather);
  }
  observer_.on_list_changed();
  gather->close();
  return {};
}

void Supervisor::start(const std::vector<int>& ids, bool wait,
                       const EnvChange& env, const Cause& cause,
                       OnOutcomes done) {
  if (shutting_down_) return done({});
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  const auto changed = set_env(ids, env, cause);
  for (const int id : ids) {
    const App& app = app_at(id);
    const bool new_env = changed.contains(&app);
    bring_up(
        at(id), app,
        new_env ? std::vector<std::string>{"env"} : std::vector<std::string>{},
        {.wait = wait}, cause, *gather);
  }
  observer_.on_list_changed();
  gather->close();
}

// Up, whatever it was; anew when what it runs by has changed.
void Supervisor::bring_up(Instance& instance, const App& app,
                          const std::vector<std::string>& changed,
                          const StartOptions& options, const Cause& cause,
                          Gather& gather) {
  const bool running =
      instance.wanted() && (instance.state() == State::Online ||
                            instance.state() == State::Starting ||
                            instance.state() == State::Launching);
  // It goes by them from now on, as it is.
  const bool live = config::applies_live(changed);
  if (instance.state() == State::Online && instance.wanted() && live &&
      !options.restart) {
    gather.add(instance, app,
               changed.empty()
                   ? "unchanged"
                   : fmt::format("applied ({})", fmt::join(changed, ", ")));
    return;
  }
  const bool anew = running && (!live || options.restart);
  std::string action = "started";
  if (anew) action = "restarted";
  if (anew && !changed.empty())
    action += fmt::format(" ({})", fmt::join(changed, ", "));
  std::function<void(Settled)> done;
  if (options.wait)
    done = gather.expect(instance, app, std::move(action));
  else
    gather.add(instance, app, std::move(action));
  if (anew)
    instance.restart(cause, std::move(done));
  else
    instance.start(cause, std::move(done));
}

void Supervisor::stop(const std::vector<int>& ids, const Cause& cause,
                      OnOutcomes done) {
  stop_in_order(ids, false, cause, std::move(done));
  observer_.on_list_changed();
}

void Supervisor::restart(const std::vector<int>& ids, bool wait,
                         const EnvChange& env, const Cause& cause,
                         OnOutcomes done) {
  if (shutting_down_) return done({});
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  set_env(ids, env, cause);
  std::vector<Restart> restarts;
  for (const int id : ids) {
    Instance& instance = at(id);
    const App& app = app_at(id);
    if (!wait) gather->add(instance, app, "restarted");
    restarts.push_back({id, wait ? gather->expect(instance, app, "restarted")
                                 : std::function<void(Settled)>()});
  }
  if (depend_among(ids))
    restart_in_order(ids, std::move(restarts), cause);
  else
    for (auto& one : restarts) at(one.id).restart(cause, std::move(one.done));
  observer_.on_list_changed();
  gather->close();
}

void Supervisor::remove(const std::vector<int>& ids, const Cause& cause,
                        OnOutcomes done) {
  for (const int id : ids) at(id).set_leaving();
  stop(ids, cause, [this, cause, done = std::move(done)](Outcomes outcomes) {
    for (auto& outcome : outcomes) {
      outcome.action = "deleted";
      observer_.on_happening({.kind = Happening::Kind::Deleted,
                              .life = outcome.life,
                              .cause = cause});
      erase(outcome.life.id);
    }
    observer_.on_list_changed();
    if (done) done(std::move(outcomes));
  });
}

Outcomes Supervisor::reset(const std::vector<int>& ids) {
  Outcomes outcomes;
  for (const int id : ids) {
    at(id).reset();
    outcomes.push_back({at(id).life(),
                        static_cast<int>(app_at(id).instances.size()),
                        "reset",
                        {}});
  }
  observer_.on_list_changed();
  return outcomes;
}

Outcomes Supervisor::signal(const std::vector<int>& ids, int number) {
  Outcomes outcomes;
  for (const int id : ids) {
    auto& outcome = outcomes.emplace_back();
    outcome = {at(id).life(),
               static_cast<int>(app_at(id).instances.size()),
               "signalled",
               {}};
    if (auto sent = at(id).signal(number); !sent)
      outcome.settled = {true, sent.error().message, {}};
  }
  return outcomes;
}

void Supervisor::shut_down(const Cause& cause, std::function<void()> done,
                           int signal) {
  shutting_down_ = true;
  std::vector<int> all;
  for (const auto& app : apps_)
    for (const auto& instance : app->instances)
      all.push_back(instance->life().id);
  // What was to run is to run again when the daemon comes back.
  stop_in_order(
      all, true, cause, [done = std::move(done)](const Outcomes&) { done(); },
      signal);
}

void Supervisor::on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd,
                            int error, int step) {
  if (Instance* const instance = by_slot(slot))
    instance->on_spawned(pid, std::move(pidfd), error, step);
  gate_.leave(slot);
}

void Supervisor::on_exited(uint64_t slot, const ExitNews& news) {
  if (Instance* const instance = by_slot(slot)) instance->on_exited(news);
}

Instance* Supervisor::find(int id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.instance;
}

Instance& Supervisor::at(int id) {
  Instance* const instance = find(id);
  if (instance == nullptr) std::abort();  // the caller's promise
  return *instance;
}

const App& Supervisor::app_at(int id) const {
  const App* const app = app_of(id);
  if (app == nullptr) std::abort();
  return *app;
}

const App* Supervisor::app_of(int id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.app;
}

AppList Supervisor::list() const {
  AppList list;
  list.next_id = next_id_;
  for (const auto& app : apps_) {
    auto& listed = list.apps.emplace_back();
    listed.spec = app->spec;
    listed.created = app->created;
    for (const auto& instance : app->instances)
      listed.instances.push_back({instance->life().id, instance->life().number,
                                  instance->wanted(), instance->resting(),
                                  instance->life().generation,
                                  instance->life().restarts});
  }
  return list;
}

const App* Supervisor::find_app(std::string_view name) const {
  for (const auto& app : apps_)
    if (app->spec.name == name) return app.get();
  return nullptr;
}

App* Supervisor::find_app(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Instance* Supervisor::by_slot(uint64_t slot) {
  const auto found = ids_.find(slot);
  Instance* const instance =
      found == ids_.end() ? nullptr : find(found->second);
  return instance != nullptr && instance->life().slot == slot ? instance
                                                              : nullptr;
}

// For a new life of that instance; news of the one before are late from now on.
uint64_t Supervisor::give_slot(int id) {
  if (const Instance* const instance = find(id))
    ids_.erase(instance->life().slot);
  ids_[next_slot_] = id;
  return next_slot_++;
}

Instance* Supervisor::by_life(const Life& life) {
  Instance* const instance = find(life.id);
  if (instance == nullptr || instance->life().app != life.app) return nullptr;
  return instance;
}

App& Supervisor::add_app(config::AppSpec spec) {
  auto& app = *apps_.emplace_back(std::make_unique<App>());
  app.spec = std::move(spec);
  app.created = clock_.now();
  by_name_[app.spec.name] = &app;
  return app;
}

void Supervisor::add_instance(App& app, const ListedInstance& listed) {
  Life life;
  life.app = app.spec.name;
  life.id = listed.id;
  life.number = listed.number;
  life.generation = listed.generation;
  life.restarts = listed.restarts;
  auto& instance = app.instances.emplace_back(
      std::make_unique<Instance>(around_, app.spec, std::move(life)));
  instance->set_wanted(listed.wanted);
  by_id_[listed.id] = {&app, instance.get()};
  instance->set_resting(listed.resting);
}

void Supervisor::tell_changed(const config::AppSpec& before,
                              const config::AppSpec& now, const Cause& cause) {
  Happening happening{.kind = Happening::Kind::Changed, .cause = cause};
  happening.keys = config::all_changed_keys(before, now);
  if (happening.keys.empty()) return;
  happening.life.app = now.name;
  happening.life.id = happening.life.number = -1;
  observer_.on_happening(happening);
}

void Supervisor::erase(int id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  auto& [app, instance] = found->second;
  if (const auto slot = instance->life().slot; slot != 0) {
    around_.launcher.forget(slot);
    ids_.erase(slot);
  }
  std::erase_if(app->instances,
                [&](const auto& i) { return i.get() == instance; });
  --app->spec.instances;
  if (app->instances.empty()) {
    by_name_.erase(app->spec.name);
    std::erase_if(apps_, [&](const auto& one) { return one.get() == app; });
  }
  by_id_.erase(found);
  if (apps_.empty()) next_id_ = 0;
}

}  // namespace supervisor
