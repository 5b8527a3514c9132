#include "daemon/chronicle.h"

#include <algorithm>

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
  }
  return store::EventKind::Error;
}

store::CatalogInstance entry_of(const supervisor::Life& life) {
  return {life.id, life.number,
          store::live_name(life.app, store::Stream::Out, life.number),
          store::live_name(life.app, store::Stream::Error, life.number)};
}

}  // namespace

Chronicle::Chronicle(Recorder& recorder, const base::Clock& clock,
                     store::Catalog catalog)
    : recorder_(recorder), clock_(clock), catalog_(std::move(catalog)) {}

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
  if (happening.kind == Kind::Waiting) event.delay_ms = happening.delay.count();
  // By itself is nobody's doing.
  const bool somebodys =
      happening.kind == Kind::Stopping || happening.kind == Kind::Deleted ||
      (happening.kind == Kind::Started && happening.reason != "crash");
  if (somebodys) {
    event.actor = happening.cause.actor;
    event.command = happening.cause.command;
  }
  // A start is older than the first line, though its pid comes to us later.
  event.time = happening.kind == Kind::Started ? life.launched : clock_.now();
  recorder_.record(std::move(event));
  if (happening.kind == Kind::Deleted) mark_deleted(life);
  if (happening.kind == Kind::Started) recorder_.list_changed();
}

void Chronicle::on_list_changed() {
  recorder_.list_changed();
}

void Chronicle::enter(const supervisor::Supervisor& supervisor) {
  bool changed = false;
  for (const auto& app : supervisor.apps()) changed = enter(*app) || changed;
  if (changed) recorder_.save(catalog_);
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
  if (entry->space != app.spec.space || entry->deleted) {
    entry->space = app.spec.space;
    entry->deleted.reset();
    changed = true;
  }
  for (const auto& instance : app.instances) {
    const auto wanted = entry_of(instance->life());
    const auto known = std::ranges::find(entry->instances, wanted.number,
                                         &store::CatalogInstance::number);
    if (known == entry->instances.end()) {
      entry->instances.push_back(wanted);
      changed = true;
    } else if (known->id != wanted.id) {
      *known = wanted;
      changed = true;
    }
  }
  std::ranges::sort(entry->instances, {}, &store::CatalogInstance::number);
  return changed;
}

void Chronicle::mark_deleted(const supervisor::Life& life) {
  store::CatalogApp* const entry = catalog_.find(life.app);
  if (entry == nullptr) return;
  for (auto& instance : entry->instances)
    if (instance.number == life.number) instance.id = -1;
  const bool all = std::ranges::all_of(
      entry->instances, [](const auto& instance) { return instance.id < 0; });
  if (all) entry->deleted = clock_.now();
  recorder_.save(catalog_);
}

void Chronicle::strike(const std::string& app) {
  std::erase_if(catalog_.apps,
                [&](const auto& entry) { return entry.name == app; });
  recorder_.save(catalog_);
}

void Chronicle::record(store::Event event) {
  event.time = clock_.now();
  recorder_.record(std::move(event));
}

}  // namespace daemon_
