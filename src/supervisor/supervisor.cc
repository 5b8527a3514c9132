#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace supervisor {

// Collects the outcomes of several instances and hands them over when the last
// has come. Kept alive by the callbacks it gives out.
class Supervisor::Gather : public std::enable_shared_from_this<Gather> {
 public:
  Gather(base::EventLoop& loop, OnOutcomes done)
      : loop_(loop), done_(std::move(done)) {}

  // One more to wait for.
  std::function<void(Settled)> expect(const Instance& instance, const App& app,
                                      std::string action) {
    const size_t index = outcomes_.size();
    add(instance, app, std::move(action));
    ++open_;
    return [self = shared_from_this(), index, &instance](Settled settled) {
      auto& outcome = self->outcomes_[index];
      // A failed start may already be in its next life: keep the old number.
      if (!settled.failed) outcome.life = instance.life();
      outcome.settled = std::move(settled);
      self->close();
    };
  }

  // One that needs no waiting.
  void add(const Instance& instance, const App& app, std::string action) {
    outcomes_.push_back({instance.life(),
                         static_cast<int>(app.instances.size()),
                         std::move(action),
                         {}});
  }

  void absorb(Outcomes more) {
    std::ranges::move(more, std::back_inserter(outcomes_));
  }

  void begin() { ++open_; }
  void close() {
    if (--open_ > 0) return;
    loop_.post([self = shared_from_this()] {
      if (self->done_) self->done_(std::move(self->outcomes_));
    });
  }

 private:
  base::EventLoop& loop_;
  OnOutcomes done_;
  Outcomes outcomes_;
  int open_ = 0;
};

Supervisor::Supervisor(base::EventLoop& loop, const base::Clock& clock,
                       Launcher& launcher, Observer& observer, Cgroups& groups,
                       std::string home_id)
    : clock_(clock),
      observer_(observer),
      sweeper_(loop, clock),
      around_{loop,
              clock,
              launcher,
              observer,
              sweeper_,
              groups,
              std::move(home_id),
              [this] { return next_slot_++; },
              [engine =
                   std::make_shared<std::minstd_rand>(std::random_device{}())] {
                return std::uniform_real_distribution<double>(0, 1)(*engine);
              }} {}

void Supervisor::restore(AppList list) {
  next_id_ = list.next_id;
  for (auto& listed : list.apps) {
    auto& app = *apps_.emplace_back(std::make_unique<App>());
    app.spec = std::move(listed.spec);
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
  instance->adopt(std::move(life), pid, std::move(pidfd));
  return true;
}

bool Supervisor::adopt_ended(Life life, const ExitNews& news) {
  Instance* const instance = by_life(life);
  if (instance == nullptr) return false;
  // An older slot than the one in use: the daemon died between the two.
  if (life.generation < instance->life().generation) return false;
  instance->adopt_ended(std::move(life), news);
  return true;
}

bool Supervisor::adopt_unspawned(Life life) {
  Instance* const instance = by_life(life);
  if (instance == nullptr) return false;
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
}

void Supervisor::begin() {
  for (auto& app : apps_)
    for (auto& instance : app->instances)
      if (instance->wanted() && instance->state() == State::Stopped)
        instance->start({"lodge", "boot"}, {});
}

base::Status Supervisor::check_name(const config::AppSpec& spec) const {
  for (const auto& app : apps_) {
    const auto& known = app->spec;
    if (known.name != spec.name || spec.name_given) continue;
    if (known.script == spec.script && known.shell == spec.shell) continue;
    return base::fail(
        base::Errc::Exists,
        fmt::format("{}: there is an app of that name, which runs {}",
                    spec.name, known.script),
        "choose a name: --name " + spec.name + "-2");
  }
  return {};
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
    const config::AppSpec before = std::exchange(app->spec, std::move(spec));
    if (!options.update_env) app->spec.env = before.env;
    app->spec.name_given = before.name_given || app->spec.name_given;
    changed = config::changed_keys(before, app->spec);
    if (app->spec.env != before.env) changed.emplace_back("env");
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
    bring_up(instance, *app, changed, options.wait, cause, *gather);
  }
  observer_.on_list_changed();
  gather->close();
  return {};
}

void Supervisor::start(const std::vector<int>& ids, bool wait,
                       const Environment* env, const Cause& cause,
                       OnOutcomes done) {
  if (shutting_down_) return done({});
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  const auto changed = set_env(ids, env);
  for (const int id : ids) {
    const App& app = app_at(id);
    const bool new_env = changed.contains(&app);
    bring_up(
        at(id), app,
        new_env ? std::vector<std::string>{"env"} : std::vector<std::string>{},
        wait, cause, *gather);
  }
  observer_.on_list_changed();
  gather->close();
}

// Up, whatever it was; anew when what it runs by has changed.
void Supervisor::bring_up(Instance& instance, const App& app,
                          const std::vector<std::string>& changed, bool wait,
                          const Cause& cause, Gather& gather) {
  const bool running =
      instance.wanted() && (instance.state() == State::Online ||
                            instance.state() == State::Launching);
  if (instance.state() == State::Online && instance.wanted() &&
      changed.empty()) {
    gather.add(instance, app, "unchanged");
    return;
  }
  const bool anew = running && !changed.empty();
  std::string action = "started";
  if (anew) action = fmt::format("restarted ({})", fmt::join(changed, ", "));
  std::function<void(Settled)> done;
  if (wait)
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
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  for (const int id : ids) {
    Instance& instance = at(id);
    instance.stop(cause, gather->expect(instance, app_at(id), "stopped"));
  }
  observer_.on_list_changed();
  gather->close();
}

void Supervisor::restart(const std::vector<int>& ids, bool wait,
                         const Environment* env, const Cause& cause,
                         OnOutcomes done) {
  if (shutting_down_) return done({});
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  set_env(ids, env);
  for (const int id : ids) {
    Instance& instance = at(id);
    const App& app = app_at(id);
    if (!wait) gather->add(instance, app, "restarted");
    instance.restart(cause, wait ? gather->expect(instance, app, "restarted")
                                 : std::function<void(Settled)>());
  }
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

void Supervisor::shut_down(const Cause& cause, std::function<void()> done) {
  shutting_down_ = true;
  auto gather = std::make_shared<Gather>(
      around_.loop, [done = std::move(done)](const Outcomes&) { done(); });
  gather->begin();
  for (auto& app : apps_) {
    for (auto& instance : app->instances) {
      const bool was_wanted = instance->wanted();
      instance->stop(cause, gather->expect(*instance, *app, "stopped"));
      // What was to run is to run again when the daemon comes back.
      instance->set_wanted(was_wanted);
    }
  }
  gather->close();
}

void Supervisor::on_spawned(uint64_t slot, int pid, base::UniqueFd pidfd,
                            int error, int step) {
  if (Instance* const instance = by_slot(slot))
    instance->on_spawned(pid, std::move(pidfd), error, step);
}

void Supervisor::on_exited(uint64_t slot, const ExitNews& news) {
  if (Instance* const instance = by_slot(slot)) instance->on_exited(news);
}

Instance* Supervisor::find(int id) {
  for (auto& app : apps_)
    for (auto& instance : app->instances)
      if (instance->life().id == id) return instance.get();
  return nullptr;
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
  for (const auto& app : apps_)
    for (const auto& instance : app->instances)
      if (instance->life().id == id) return app.get();
  return nullptr;
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

App* Supervisor::find_app(std::string_view name) {
  for (auto& app : apps_)
    if (app->spec.name == name) return app.get();
  return nullptr;
}

Instance* Supervisor::by_slot(uint64_t slot) {
  for (auto& app : apps_)
    for (auto& instance : app->instances)
      if (instance->life().slot == slot) return instance.get();
  return nullptr;
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
  instance->set_resting(listed.resting);
}

// To as many instances as its spec says; the highest numbers go first.
void Supervisor::resize(App& app, const Cause& cause, Gather& gather) {
  const auto wanted = static_cast<size_t>(app.spec.instances);
  // The lowest numbers that are free: they name the log files.
  for (int number = 0; app.instances.size() < wanted; ++number) {
    const bool taken = std::ranges::any_of(app.instances, [&](const auto& i) {
      return i->life().number == number;
    });
    if (!taken)
      add_instance(app, {.id = next_id_++, .number = number, .wanted = false});
  }
  std::ranges::sort(app.instances, {},
                    [](const auto& i) { return i->life().number; });
  std::vector<int> surplus;
  for (size_t i = wanted; i < app.instances.size(); ++i)
    surplus.push_back(app.instances[i]->life().id);
  if (surplus.empty()) return;
  // erase() takes them off this number as they go.
  app.spec.instances = static_cast<int>(app.instances.size());
  gather.begin();
  remove(surplus, cause, [self = gather.shared_from_this()](Outcomes outcomes) {
    self->absorb(std::move(outcomes));
    self->close();
  });
}

std::set<const App*> Supervisor::set_env(const std::vector<int>& ids,
                                         const Environment* env) {
  std::set<const App*> changed;
  for (auto& app : apps_) {
    const bool meant = std::ranges::any_of(app->instances, [&](const auto& i) {
      return std::ranges::count(ids, i->life().id) > 0;
    });
    if (env == nullptr || !meant || app->spec.env == *env) continue;
    app->spec.env = *env;
    changed.insert(app.get());
  }
  return changed;
}

void Supervisor::erase(int id) {
  for (auto& app : apps_) {
    for (auto& instance : app->instances)
      if (instance->life().id == id && instance->life().slot != 0)
        around_.launcher.forget(instance->life().slot);
    const auto erased = std::erase_if(
        app->instances, [&](const auto& i) { return i->life().id == id; });
    app->spec.instances -= static_cast<int>(erased);
  }
  std::erase_if(apps_, [](const auto& app) { return app->instances.empty(); });
  if (apps_.empty()) next_id_ = 0;
}

}  // namespace supervisor
