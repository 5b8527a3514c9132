#include "daemon/housekeeper.h"

#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "daemon/log_files.h"
#include "rotate/recovery.h"
#include "rotate/seal_size.h"

namespace daemon_ {
namespace {

namespace fs = base::fs;
using std::chrono::milliseconds;

constexpr milliseconds kTick{1000};
// Longer than storage takes a seal for one of many (rotate/storage.cc).
constexpr milliseconds kSettled{200};
constexpr std::chrono::seconds kLookAtAges{60};
constexpr milliseconds kMostAge = std::chrono::hours(24);
constexpr std::chrono::minutes kRelist{10};
// Ticks; files of events are small and grow slowly.
constexpr unsigned kEventsEvery = 10;
// Of the cap: what may wait to be looked at.
constexpr uint64_t kUnseenShare = 16;
// A smaller live file is not worth a segment of its own.
constexpr uint64_t kWorthSealing = uint64_t{64} << 10;

uint64_t room_for_growth(const capture::LiveState& state, uint64_t max_size) {
  return max_size > state.size ? max_size - state.size : 0;
}

}  // namespace

Housekeeper::Housekeeper(Parts parts)
    : parts_(parts),
      tick_(parts.loop, [this] { tick(); }),
      settled_(parts.loop, [this] { on_storage([](rotate::Storage&) {}); }),
      storage_(parts.clock, parts.home.logs(),
               [this](const rotate::Removal& removal) {
                 parts_.loop.post([this, removal] { note_removal(removal); });
               }),
      archiver_(parts.clock, storage_, storage_worker_) {
  look_at_settings();
}

Housekeeper::~Housekeeper() {
  archiver_.end();
}

void Housekeeper::on_storage(std::function<void(rotate::Storage&)> job) {
  storage_worker_.submit([this, job = std::move(job)] {
    job(storage_);
    archiver_.next();
  });
}

// What a predecessor left half done is looked at when apps are captured again.
void Housekeeper::begin() {
  on_storage([catalog = parts_.chronicle.catalog(),
              logs = parts_.home.logs()](rotate::Storage&) {
    for (const auto& problem : rotate::recover_archives(logs, catalog).problems)
      base::log::warn("{}", problem.message);
  });
  look_at_catalog();
  tick_.start(milliseconds{10}, kTick);
}

// --- what is due -------------------------------------------------------------

void Housekeeper::tick() {
  look_at_settings();
  look_at_catalog();
  keep_sizes();
  seal_due(parts_.clock.now());
  parts_.capture.live_files([this](std::vector<capture::LiveState> states) {
    parts_.loop.post([this, states = std::move(states)] { take_live(states); });
  });
}

void Housekeeper::look_at_settings() {
  const auto path = parts_.home.path("settings.json");
  const auto info = fs::stat(path);
  const std::pair<int64_t, int64_t> seen =
      info ? std::pair<int64_t, int64_t>{info->st_mtim.tv_sec,
                                         info->st_mtim.tv_nsec}
           : std::pair<int64_t, int64_t>{};
  if (seen == settings_seen_) return;
  settings_seen_ = seen;
  auto settings = base::load_settings(path);
  std::optional<base::Settings> known;
  if (settings) {
    known = settings_ = *settings;
  } else {
    base::log::error("{}; until that is mended no limit deletes anything",
                     settings.error().message);
  }
  on_storage(
      [known](rotate::Storage& storage) { storage.set_settings(known); });
}

void Housekeeper::look_at_catalog() {
  // Also now and then: files may be removed by hand.
  const auto now = parts_.clock.mono();
  if (parts_.chronicle.revision() == catalog_seen_ && now - listed_ < kRelist)
    return;
  catalog_seen_ = parts_.chronicle.revision();
  listed_ = now;
  on_storage(
      [catalog = parts_.chronicle.catalog()](rotate::Storage& storage) mutable {
        storage.set_catalog(std::move(catalog));
      });
}

// Each app that comes makes the share of every live file smaller.
void Housekeeper::keep_sizes() {
  const auto now = seal_sizes();
  const std::pair state(now.usual, parts_.chronicle.revision());
  if (state == sized_) return;
  sized_ = state;
  std::map<std::string, uint64_t> sizes;
  for (const auto& app : parts_.supervisor.apps())
    for (const auto& request : requests_of(*app, std::nullopt, now.usual))
      sizes[request.file.path] = now.of(app->spec);
  parts_.capture.set_max_sizes(std::move(sizes));
}

std::vector<capture::SealRequest> Housekeeper::requests_of(
    const supervisor::App& app, std::optional<base::Timestamp> before,
    uint64_t usual_size) const {
  std::vector<capture::SealRequest> requests;
  for (const auto& instance : app.instances)
    for (const auto stream : {store::Stream::Out, store::Stream::Error}) {
      const auto& life = instance->life();
      auto spec = sink_spec(app.spec, life.id, life.number, stream,
                            parts_.home.logs(), usual_size);
      const bool known = std::ranges::any_of(
          requests,
          [&](const auto& request) { return request.file.path == spec.path; });
      if (!spec.path.empty() && !known)
        requests.push_back({std::move(spec), before});
    }
  return requests;
}

void Housekeeper::add_gone(std::vector<capture::SealRequest>& requests,
                           std::optional<base::Timestamp> before) const {
  for (const auto& app : parts_.chronicle.catalog().apps) {
    if (!app.deleted) continue;
    for (const auto& file : store::files_of(app))
      if (const auto owner = store::segment_owner(app, file.file))
        requests.push_back(
            {{store::file_path(parts_.home.logs(), file.file), {}, *owner},
             before});
  }
}

void Housekeeper::seal_due(base::Timestamp now) {
  const auto mono = parts_.clock.mono();
  const bool look_at_ages = mono - aged_ >= kLookAtAges;
  if (look_at_ages) aged_ = mono;
  const uint64_t size = seal_size();
  std::vector<capture::SealRequest> requests;
  for (const auto& app : parts_.supervisor.apps()) {
    const auto& log = app->spec.log;
    Known& known = schedules_[app->spec.name];
    if (known.rotate != log.rotate || known.tz != log.tz) {
      known = {log.rotate, log.tz, {}, {}};
      if (!log.rotate.empty()) {
        auto schedule = rotate::parse_schedule(log.rotate, log.tz);
        if (schedule)
          known.schedule = std::move(*schedule);
        else
          base::log::error("{}: {}", app->spec.name, schedule.error().message);
      }
    }
    const auto* schedule = known.schedule ? &*known.schedule : nullptr;
    std::optional<base::Timestamp> due;
    if (schedule != nullptr) due = schedule->last_due(now);
    if (due == known.sealed_before && !look_at_ages) continue;
    known.sealed_before = due;
    auto more =
        requests_of(*app, rotate::seal_before(now, schedule, kMostAge), size);
    std::ranges::move(more, std::back_inserter(requests));
  }
  // What deleted apps left can only expire once it is sealed.
  if (look_at_ages)
    add_gone(requests, rotate::seal_before(now, nullptr, kMostAge));
  if (requests.empty()) return;
  parts_.capture.seal(std::move(requests), [](const auto&) {});
}

void Housekeeper::take_live(const std::vector<capture::LiveState>& states) {
  parts_.rates.look(states, parts_.clock.mono());
  std::map<std::string, const capture::LiveState*> by_path;
  for (const auto& state : states) by_path[state.path] = &state;
  const auto sizes = seal_sizes();
  const uint64_t most = cap();
  std::vector<rotate::LiveBytes> live;
  std::vector<rotate::LiveBytes> unwritten;
  for (const auto& app : parts_.chronicle.catalog().apps) {
    const auto* running = parts_.supervisor.find_app(app.name);
    const uint64_t max_size =
        running != nullptr ? sizes.of(running->spec) : sizes.usual;
    for (const auto& file : store::files_of(app)) {
      rotate::LiveBytes entry;
      entry.app = app.name;
      entry.path = store::file_path(parts_.home.logs(), file.file);
      const auto at = by_path.find(entry.path);
      if (at == by_path.end() || at->second->device == 0) {
        unwritten.push_back(std::move(entry));
        continue;
      }
      const auto& state = *at->second;
      entry.device = state.device;
      entry.bytes = state.size;
      entry.growth = room_for_growth(state, max_size);
      live.push_back(std::move(entry));
    }
  }
  std::vector<rotate::LiveBytes> events;
  if (event_looks_++ % kEventsEvery == 0) add_events(events);
  seal_early(live, most);
  // What is sealed while retention looks the other way.
  const uint64_t unseen = most / kUnseenShare;
  parts_.gate.set_limit(unseen);
  // Never so much that for room nobody uses what is sealed goes.
  uint64_t growth = most / 4;
  for (auto& file : live) growth -= file.growth = std::min(file.growth, growth);
  if (!live.empty())
    live.push_back({.app = {},
                    .path = {},
                    .device = live.front().device,
                    .bytes = 0,
                    .growth = unseen});
  on_storage([this, live = std::move(live), unwritten = std::move(unwritten),
              events = std::move(events), full = parts_.tally.disk_full()](
                 rotate::Storage& storage) mutable {
    const auto measure = [](std::vector<rotate::LiveBytes>& files,
                            std::vector<rotate::LiveBytes>& to) {
      for (auto& file : files) {
        const auto info = fs::stat(file.path);
        if (!info) continue;
        file.bytes = static_cast<uint64_t>(info->st_size);
        file.device = info->st_dev;
        to.push_back(std::move(file));
      }
    };
    measure(unwritten, live);
    if (!events.empty()) {
      events_.clear();
      measure(events, events_);
    }
    live.insert(live.end(), events_.begin(), events_.end());
    storage.set_live(std::move(live));
    enforce(storage, full);
  });
}

// They have a limit of their own (store/events.h), but take room, too.
void Housekeeper::add_events(std::vector<rotate::LiveBytes>& files) const {
  const auto add = [&](const std::string& app, const std::string& name) {
    const auto path = store::file_path(parts_.home.logs(), name);
    for (const auto& one : {path, store::earlier_events(path)})
      files.push_back({.app = app, .path = one});
  };
  add("", std::string(store::kDaemonEvents));
  for (const auto& app : parts_.chronicle.catalog().apps)
    add(app.name, app.events_file);
}

// Where there are so many live files that they alone come near the cap: what is
// sealed can be compressed and deleted, live files can't.
void Housekeeper::seal_early(const std::vector<rotate::LiveBytes>& live,
                             uint64_t most) {
  uint64_t bytes = 0;
  for (const auto& file : live) bytes += file.bytes;
  if (bytes <= most / 2) return;
  std::vector<const rotate::LiveBytes*> largest;
  for (const auto& file : live)
    if (file.bytes >= kWorthSealing) largest.push_back(&file);
  std::ranges::sort(largest, std::greater{}, &rotate::LiveBytes::bytes);
  std::vector<std::string> paths;
  for (const auto* file : largest) {
    if (bytes <= most / 4) break;
    bytes -= file->bytes;
    paths.push_back(file->path);
  }
  if (!paths.empty()) seal(paths, [](const auto&) {});
}

void Housekeeper::seal(const std::vector<std::string>& paths, OnSealed done) {
  const uint64_t size = seal_size();
  std::vector<capture::SealRequest> requests;
  for (const auto& app : parts_.supervisor.apps())
    std::ranges::move(requests_of(*app, std::nullopt, size),
                      std::back_inserter(requests));
  add_gone(requests, std::nullopt);
  std::erase_if(requests, [&](const auto& request) {
    return std::ranges::find(paths, request.file.path) == paths.end();
  });
  parts_.capture.seal(
      std::move(requests),
      [this, done = std::move(done)](std::vector<capture::Sealed> sealed) {
        parts_.loop.post([done, sealed = std::move(sealed)] { done(sealed); });
      });
}

// --- what is sealed ----------------------------------------------------------

void Housekeeper::sealed(const std::string& app, const std::string& segment,
                         uint64_t bytes) {
  settled_.start(kSettled);
  archiver_.sealed(bytes);
  on_storage([this, app, segment, bytes](rotate::Storage& storage) {
    storage.add(app, segment);
    enforce(storage, false);
    parts_.gate.settled(bytes);
  });
}

void Housekeeper::disk_full() {
  on_storage([this](rotate::Storage& storage) { enforce(storage, true); });
}

void Housekeeper::remove(std::vector<rotate::Stored> files, OnRemoved done) {
  on_storage([this, files = std::move(files),
              done = std::move(done)](rotate::Storage& storage) {
    auto removed = storage.remove(files);
    parts_.loop.post([done, removed = std::move(removed)] { done(removed); });
  });
}

void Housekeeper::remove_all(std::vector<Sealed> gone,
                             std::function<void(base::Status)> done) {
  on_storage([this, gone = std::move(gone),
              done = std::move(done)](rotate::Storage& storage) {
    base::Status status;
    for (const auto& [app, instances] : gone)
      if (status) status = storage.remove_sealed(app, instances);
    parts_.loop.post([done, status] { done(status); });
  });
}

void Housekeeper::note_removal(const rotate::Removal& removal) {
  if (removal.why == rotate::Removal::Why::Cap ||
      removal.why == rotate::Removal::Why::Free)
    cut_.insert(removal.file.app);
  store::Event event;
  event.kind = store::EventKind::Remove;
  event.app = removal.file.app;
  event.instance = removal.file.instance;
  if (removal.file.kind == store::SegmentKind::Out)
    event.stream = store::Stream::Out;
  if (removal.file.kind == store::SegmentKind::Error)
    event.stream = store::Stream::Error;
  event.file = removal.file.path;
  event.bytes = static_cast<int64_t>(removal.file.bytes);
  event.reason = removal.reason;
  parts_.chronicle.record(std::move(event));
}

uint64_t Housekeeper::cap() const {
  if (const auto space = fs::space(parts_.home.logs())) total_ = space->total;
  return rotate::budget_of(settings_, total_).cap;
}

Housekeeper::SealSizes Housekeeper::seal_sizes() const {
  uint64_t streams = 0;
  for (const auto& app : parts_.supervisor.apps())
    streams += 2 * app->instances.size();
  const uint64_t all = cap();
  // Live files can't be deleted: all of them must leave room for what is
  // sealed.
  const uint64_t most = all / (2 * std::max<uint64_t>(streams, 1));
  return {rotate::default_seal_size(all, streams),
          std::max(most, uint64_t{1} << 20)};
}

uint64_t Housekeeper::SealSizes::of(const config::AppSpec& spec) const {
  const uint64_t given = spec.log.max_size.value_or(usual);
  return given == 0 ? most : std::min(given, most);
}

void Housekeeper::enforce(rotate::Storage& storage, bool pressed) {
  auto done = storage.enforce(pressed);
  // As long as it is the same it is told once, not each second.
  const std::string trouble = done ? std::string() : done.error().message;
  if (!trouble.empty() && trouble != trouble_) base::log::error("{}", trouble);
  trouble_ = trouble;
}

}  // namespace daemon_
