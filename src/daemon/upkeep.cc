#include "daemon/upkeep.h"

#include <algorithm>

#include "base/fs.h"
#include "daemon/log_files.h"
#include "store/names.h"

namespace daemon_ {
namespace {

using supervisor::State;

// A change is news for what runs, and for what may have failed for want of it.
bool awaits_change(const supervisor::Instance& instance) {
  return instance.wanted() && instance.state() != State::Stopped &&
         instance.state() != State::Stopping;
}

}  // namespace

Upkeep::Upkeep(base::EventLoop& loop, const base::Clock& clock,
               supervisor::Supervisor& supervisor, Chronicle& chronicle,
               std::string home)
    : loop_(loop),
      supervisor_(supervisor),
      chronicle_(chronicle),
      home_(std::move(home)),
      pid_files_([this](const std::string& why) {
        loop_.post([this, why] { failed({}, why); });
      }),
      cron_(loop, clock, supervisor),
      memory_(loop, supervisor),
      files_(loop, {[this](const std::string& app, const std::string& path) {
                      file_changed(app, path);
                    },
                    [this](const std::string& app, const std::string& why) {
                      failed(app, "watch: " + why);
                    }}) {}

void Upkeep::on_happening(const supervisor::Happening& happening) {
  chronicle_.on_happening(happening);
  using Kind = supervisor::Happening::Kind;
  const auto& life = happening.life;
  const auto* app = supervisor_.app_of(life.id);
  if (happening.kind == Kind::Ended) pid_files_.ended(life.id);
  if (app == nullptr) return;
  const auto path = [&] { return pid_file_path(app->spec, life.number); };
  if (happening.kind == Kind::Started)
    pid_files_.started(life.id, path(), happening.pid);
  if (happening.kind == Kind::Adopted)
    pid_files_.adopted(life.id, path(), happening.pid);
  refresh_soon();
}

void Upkeep::on_list_changed() {
  chronicle_.on_list_changed();
  refresh_soon();
}

void Upkeep::refresh_soon() {
  if (std::exchange(refreshing_, true)) return;
  loop_.post([this] {
    refreshing_ = false;
    refresh();
  });
}

void Upkeep::refresh() {
  cron_.refresh();
  memory_.refresh();
  watch_files();
}

void Upkeep::watch_files() {
  std::map<std::string, supervisor::WatchOrder> wanted;
  for (const auto& app : supervisor_.apps()) {
    const bool runs = std::ranges::any_of(
        app->instances, [](const auto& i) { return awaits_change(*i); });
    if (app->spec.keep.watch.on && runs)
      wanted.emplace(app->spec.name, order_of(*app));
  }
  for (const auto& [app, order] : watched_)
    if (!wanted.contains(app)) files_.forget(app);
  for (const auto& [app, order] : wanted) {
    const auto known = watched_.find(app);
    if (known == watched_.end() || known->second != order)
      files_.watch(app, order);
  }
  watched_ = std::move(wanted);
}

supervisor::WatchOrder Upkeep::order_of(const supervisor::App& app) const {
  const auto& spec = app.spec;
  const auto& watch = spec.keep.watch;
  supervisor::WatchOrder order;
  order.cwd = spec.cwd;
  for (const auto& path : watch.paths)
    order.paths.push_back(base::fs::absolute(path, spec.cwd));
  if (order.paths.empty()) order.paths.push_back(spec.cwd);
  order.ignore = watch.ignore;
  order.delay = watch.delay;
  order.follow_links = watch.follow_links;
  order.polling = watch.polling;
  order.interval = watch.interval;
  order.depth = watch.depth;
  // What we write ourselves: it would restart its app for ever.
  order.own.push_back(home_ + "/");
  for (const auto& instance : app.instances) {
    const auto& life = instance->life();
    const auto files = files_of(spec, life.id, life.number, home_ + "/logs");
    for (const auto& file : {files.out_file, files.error_file}) {
      if (!file.starts_with('/')) continue;
      order.own.push_back(file);
      order.own.push_back(store::sidecar_name(file));
      order.own.push_back(
          base::fs::join(base::fs::dir_name(file), store::kArchiveDir) + "/");
    }
    if (auto path = pid_file_path(spec, life.number); !path.empty())
      order.own.push_back(std::move(path));
  }
  std::ranges::sort(order.own);
  const auto same = std::ranges::unique(order.own);
  order.own.erase(same.begin(), same.end());
  return order;
}

void Upkeep::file_changed(const std::string& name, const std::string& path) {
  const auto* app = supervisor_.find_app(name);
  if (app == nullptr) return;
  std::vector<int> ids;
  for (const auto& instance : app->instances)
    if (awaits_change(*instance)) ids.push_back(instance->life().id);
  if (ids.empty()) return;
  supervisor_.restart(ids, false, {},
                      {"lodge", "watch", "watch: " + path + " changed"},
                      [](const supervisor::Outcomes&) {});
}

void Upkeep::failed(const std::string& app, const std::string& why) {
  store::Event event;
  event.kind = store::EventKind::Error;
  event.app = app;
  event.reason = why;
  chronicle_.record(std::move(event));
}

}  // namespace daemon_
