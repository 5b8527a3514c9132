#include "daemon/chronicle.h"

#include <signal.h>

#include <algorithm>

#include "daemon/exit_evidence.h"
#include "daemon/log_files.h"

namespace daemon_ {
namespace {

store::EventKind kind_of(supervisor::Happening::Kind kind) {
  using Kind = supervisor::Happening::Kind;
  switch (kind) {
    case Kind::Started:
      return store::EventKind::Start;
    case Kind::Ended:
      return store::EventKind::Exit;
    case Kind::Waiting:
      return store::EventKind::Wait;
    case Kind::Errored:
      return store::EventKind::Errored;
    case Kind::Stopping:
      return store::EventKind::Stop;
    case Kind::Deleted:
      return store::EventKind::Delete;
    case Kind::Adopted:
      return store::EventKind::Adopt;
    case Kind::Ready:
      return store::EventKind::Ready;
    case Kind::Unhealthy:
      return store::EventKind::Unhealthy;
    case Kind::Healthy:
      return store::EventKind::Healthy;
    case Kind::Changed:
      return store::EventKind::Config;
  }
  return store::EventKind::Error;
}

}  // namespace

Chronicle::Chronicle(Recorder& recorder, const base::Clock& clock,
                     CaptureTally& tally, Sampler* sampler, std::string log_dir,
                     store::Catalog catalog)
    : recorder_(recorder),
      clock_(clock),
      tally_(tally),
      sampler_(sampler),
      log_dir_(std::move(log_dir)),
      catalog_(std::move(catalog)) {}

void Chronicle::on_happening(const supervisor::Happening& happening) {
  using Kind = supervisor::Happening::Kind;
  const auto& life = happening.life;
  store::Event event;
  event.kind = kind_of(happening.kind);
  event.app = life.app;
  event.id = life.id;
  event.instance = life.number;
  event.generation = life.generation;
  event.pid = happening.pid;
  event.reason = happening.reason;
  if (happening.kind == Kind::Ended && happening.ending.started) {
    if (happening.ending.signal != 0)
      event.signal = happening.ending.signal;
    else
      event.code = happening.ending.code;
    event.uptime_ms = happening.ending.uptime.count();
  }
  if (happening.kind == Kind::Ended) add_evidence(happening, event);
  if (happening.kind == Kind::Started || happening.kind == Kind::Waiting)
    event.restarts_left = happening.restarts_left;
  event.keys = happening.keys;
  if (sampler_ != nullptr &&
      (happening.kind == Kind::Started || happening.kind == Kind::Adopted))
    sampler_->started(life.id, happening.pid);
  if (happening.kind == Kind::Waiting) event.delay_ms = happening.delay.count();
  if (happening.kind == Kind::Ready) event.uptime_ms = happening.delay.count();
  // By itself is nobody's doing.
  const bool somebodys =
      happening.kind == Kind::Stopping || happening.kind == Kind::Deleted ||
      happening.kind == Kind::Changed ||
      (happening.kind == Kind::Started && happening.reason != "crash" &&
       happening.reason != "not ready" && happening.reason != "unhealthy");
  if (somebodys) {
    event.actor = happening.cause.actor;
    event.command = happening.cause.command;
  }
  // A start is older than the first line, though its pid comes to us later.
  event.time = happening.kind == Kind::Started ? life.launched : clock_.now();
  Recorder::Complete complete;
  // By now all it wrote is in its file.
  if (event.kind == store::EventKind::Exit && wants_last_words(event))
    complete = [path = words_file(life)](store::Event& exit) {
      add_last_words(read_end(path), exit);
    };
  recorder_.record(std::move(event), std::move(complete));
  if (happening.kind == Kind::Deleted) mark_deleted(life);
  if (happening.kind == Kind::Started) recorder_.list_changed();
}

void Chronicle::add_evidence(const supervisor::Happening& ended,
                             store::Event& event) {
  const auto& life = ended.life;
  event.restarts = life.restarts;
  event.core = ended.ending.core;
  event.ended_by = ended_by(ended);
  if (sampler_ == nullptr) return;
  if (const auto* usage = sampler_->of(life.id, ended.pid)) {
    event.memory_bytes = static_cast<int64_t>(usage->memory_bytes);
    event.cpu_percent = usage->cpu_percent;
  }
  if (is_from_outside(ended) && ended.ending.signal == SIGKILL)
    add_kernel_evidence(sampler_->oom_counts(life.id, ended.pid), event);
}

// Where its last words are.
std::string Chronicle::words_file(const supervisor::Life& life) const {
  const auto* entry = catalog_.find(life.app);
  if (entry == nullptr) return {};
  const auto instance = std::ranges::find(entry->instances, life.number,
                                          &store::CatalogInstance::number);
  if (instance == entry->instances.end()) return {};
  const auto& file = instance->error_file;
  return file.empty() ? std::string() : store::file_path(log_dir_, file);
}

void Chronicle::on_list_changed() {
  recorder_.list_changed();
}

void Chronicle::enter(const supervisor::Supervisor& supervisor) {
  bool changed = false;
  for (const auto& app : supervisor.apps()) changed = enter(*app) || changed;
  if (changed) save();
}

bool Chronicle::enter(const supervisor::App& app) {
  store::CatalogApp* entry = catalog_.find(app.spec.name);
  bool changed = false;
  if (entry == nullptr) {
    entry = &catalog_.apps.emplace_back();
    entry->name = app.spec.name;
    entry->events_file = store::events_name(app.spec.name);
    entry->created = app.created;
    changed = true;
  }
  const auto keep = keep_rules(app.spec.log);
  if (entry->space != app.spec.space || entry->deleted || entry->keep != keep) {
    entry->space = app.spec.space;
    entry->deleted.reset();
    entry->keep = keep;
    changed = true;
  }
  for (const auto& instance : app.instances) {
    const auto& life = instance->life();
    const auto wanted = files_of(app.spec, life.id, life.number, log_dir_);
    const auto known = std::ranges::find(entry->instances, wanted.number,
                                         &store::CatalogInstance::number);
    if (known == entry->instances.end()) {
      entry->instances.push_back(wanted);
    } else {
      const bool moved = store::update_files(*known, wanted);
      if (!moved && known->id == wanted.id) continue;
      known->id = wanted.id;
    }
    take_from_others(app.spec.name, wanted);
    changed = true;
  }
  std::ranges::sort(entry->instances, {}, &store::CatalogInstance::number);
  return changed;
}

// One path has one owner. Nobody else has lines in these files: that was looked
// at before.
void Chronicle::take_from_others(const std::string& app,
                                 const store::CatalogInstance& files) {
  for (auto& other : catalog_.apps) {
    if (other.name == app) continue;
    for (auto& instance : other.instances)
      for (const auto& file : {files.out_file, files.error_file}) {
        if (file.empty()) continue;
        if (instance.out_file == file) instance.out_file.clear();
        if (instance.error_file == file) instance.error_file.clear();
        std::erase_if(instance.former,
                      [&](const auto& former) { return former.file == file; });
      }
  }
}

std::vector<std::string> Chronicle::files_left(
    const std::string& app, const std::set<int>& numbers) const {
  const auto* entry = catalog_.find(app);
  if (entry == nullptr) return {};
  std::vector<std::string> paths;
  for (const auto& file : store::files_of(*entry)) {
    const bool theirs =
        std::ranges::any_of(file.instances, [&](const auto* instance) {
          return numbers.contains(instance->number);
        });
    const bool needed =
        std::ranges::any_of(file.instances, [&](const auto* instance) {
          return instance->id >= 0 && !numbers.contains(instance->number);
        });
    if (!theirs || needed) continue;
    paths.push_back(store::file_path(log_dir_, file.file));
    if (store::is_unstamped(paths.back()))
      paths.push_back(store::sidecar_name(paths.back()));
  }
  return paths;
}

void Chronicle::mark_deleted(const supervisor::Life& life) {
  tally_.forget(life.app, life.number);
  store::CatalogApp* const entry = catalog_.find(life.app);
  if (entry == nullptr) return;
  for (auto& instance : entry->instances)
    if (instance.number == life.number) instance.id = -1;
  const bool all = std::ranges::all_of(
      entry->instances, [](const auto& instance) { return instance.id < 0; });
  if (all) entry->deleted = clock_.now();
  save();
}

void Chronicle::strike(const std::string& app) {
  std::erase_if(catalog_.apps,
                [&](const auto& entry) { return entry.name == app; });
  save();
}

void Chronicle::retire() {
  for (auto& app : catalog_.apps)
    for (auto& instance : app.instances) instance.id = -1;
  save();
}

void Chronicle::save() {
  ++revision_;
  recorder_.save(catalog_);
}

void Chronicle::record_error(std::string reason) {
  store::Event event;
  event.kind = store::EventKind::Error;
  event.reason = std::move(reason);
  record(std::move(event));
}

void Chronicle::changed(const std::string& app, std::vector<std::string> keys,
                        const supervisor::Cause& cause) {
  store::Event event;
  event.kind = store::EventKind::Config;
  event.app = app;
  event.keys = std::move(keys);
  event.actor = cause.actor;
  event.command = cause.command;
  record(std::move(event));
}

void Chronicle::set_sealing(const std::string& app,
                            const supervisor::Cause& cause) {
  if (cause.actor.empty())
    sealing_.erase(app);
  else
    sealing_[app] = cause;
}

void Chronicle::record(store::Event event) {
  if (event.time == base::Timestamp{}) event.time = clock_.now();
  if (const auto wished = sealing_.find(event.app);
      event.kind == store::EventKind::Seal && wished != sealing_.end()) {
    event.actor = wished->second.actor;
    event.command = wished->second.command;
  }
  recorder_.record(std::move(event));
}

}  // namespace daemon_
