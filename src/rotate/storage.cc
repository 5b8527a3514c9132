#include "rotate/storage.h"

#include <algorithm>

#include "base/fs.h"
#include "base/log.h"
#include "rotate/archiving.h"
#include "rotate/seal_size.h"
#include "rotate/sealed.h"

namespace rotate {
namespace {

namespace fs = base::fs;

// More segments than that have gathered: a level that takes half the time and,
// of logs, a fiftieth more room. Who asks for a high level means it.
constexpr size_t kManyWaiting = 6;
constexpr int kUsualLevel = 3;
constexpr int kQuickLevel = 1;
constexpr std::chrono::milliseconds kBusy{150};
constexpr std::chrono::seconds kRetry{60};
constexpr std::chrono::seconds kLookAtAges{30};
// A daemon is small: a line longer than that is divided.
constexpr uint64_t kMostInFrame = uint64_t{4} << 20;
// What is made room for when a disk is full that seems not to be.
constexpr uint64_t kSomeRoom = uint64_t{64} << 20;

store::Segment segment_of(const Stored& file) {
  return {file.kind, file.instance,   file.sequence, file.first,
          file.raw,  file.compressed, file.path};
}

}  // namespace

Budget budget_of(const base::Settings& settings, uint64_t total) {
  const auto share = static_cast<uint64_t>(static_cast<double>(total) *
                                           settings.keep_free_share);
  return {settings.logs_cap.value_or(storage_cap(total)),
          settings.keep_free.value_or(share)};
}

Retain retain_of(const store::KeepRules& keep) {
  return {keep.count, keep.age, keep.size};
}

Storage::Storage(const base::Clock& clock, std::string log_dir,
                 std::function<void(const Removal&)> on_removed)
    : clock_(clock),
      log_dir_(std::move(log_dir)),
      on_removed_(std::move(on_removed)) {}

void Storage::set_catalog(store::Catalog catalog) {
  catalog_ = std::move(catalog);
  std::vector<base::Error> problems;
  auto stock = take_stock(log_dir_, catalog_, &problems);
  if (!stock) problems.push_back(std::move(stock.error()));
  for (const auto& problem : problems) base::log::warn("{}", problem.message);
  if (!stock) return;
  auto known = std::exchange(files_, {});
  bytes_ = 0;
  for (auto& file : *stock) {
    const auto before = known.find(file.path);
    const auto not_before =
        before == known.end() ? base::MonoTime{} : before->second.not_before;
    put(file);
    files_[file.path].not_before = not_before;
  }
}

void Storage::set_settings(const std::optional<base::Settings>& settings) {
  holds_ = !settings;
  if (settings) settings_ = *settings;
}

// In either form: a segment may have become an archive since.
void Storage::erase(const std::string& path) {
  const std::string plain = store::segment_path(path);
  for (const auto& form : {plain, store::archive_path(plain)}) {
    const auto at = files_.find(form);
    if (at == files_.end()) continue;
    bytes_ -= at->second.file.bytes;
    files_.erase(at);
  }
  if (const auto job = jobs_.find(plain); job != jobs_.end())
    job->second = true;
}

void Storage::put(Stored file) {
  auto& entry = files_[file.path];
  bytes_ += file.bytes - entry.file.bytes;
  entry.file = std::move(file);
}

const store::CatalogApp* Storage::app_of(const Stored& file) const {
  return catalog_.find(file.app);
}

void Storage::add(const std::string& app, const std::string& path) {
  const auto segment = store::parse_segment_name(fs::base_name(path));
  const auto info = fs::stat(path);
  // Gone already, or archived: then it was listed.
  if (!segment || !info) return;
  Stored file;
  file.app = app;
  file.kind = segment->kind;
  file.instance = segment->instance;
  file.sequence = segment->sequence;
  file.raw = segment->raw;
  file.path = path;
  file.bytes = static_cast<uint64_t>(info->st_size);
  if (file.raw)
    if (const auto times = fs::stat(store::sidecar_name(path)))
      file.bytes += static_cast<uint64_t>(times->st_size);
  file.first = segment->first;
  file.last = clock_.now();
  file.device = info->st_dev;
  put(std::move(file));
  added_ = clock_.mono();
}

// A full plan sorts all there is: not for each segment while all is well.
bool Storage::may_skip(bool pressed) const {
  if (pressed) return false;
  const bool has_rules =
      std::ranges::any_of(catalog_.apps, [](const auto& app) {
        return app.keep.count || app.keep.size || app.keep.age;
      });
  if (has_rules || clock_.mono() - looked_ >= kLookAtAges) return false;
  const auto space = fs::space(log_dir_);
  if (!space) return false;
  const Budget budget = budget_of(settings_, space->total);
  uint64_t used = bytes_;
  for (const auto& live : live_) used += live.bytes + live.growth;
  return used <= budget.cap && space->free >= budget.keep_free;
}

base::Status Storage::enforce(bool pressed) {
  if (holds_ || may_skip(pressed)) return {};
  looked_ = clock_.mono();
  const auto now = clock_.now();
  std::set<uint64_t> devices;
  for (const auto& [path, entry] : files_) devices.insert(entry.file.device);
  base::Status status;
  for (const auto device : devices)
    if (auto done = enforce_on(device, pressed, now); !done && status)
      status = std::move(done);
  return status;
}

base::Status Storage::enforce_on(uint64_t device, bool pressed,
                                 base::Timestamp now) {
  std::vector<Stored> stock;
  for (const auto& [path, entry] : files_)
    if (entry.file.device == device) stock.push_back(entry.file);
  auto space = fs::space(fs::dir_name(stock.front().path));
  if (!space) return base::pass(std::move(space), "retention");
  Budget budget = budget_of(settings_, space->total);
  Facts facts;
  facts.now = now;
  facts.free = space->free;
  if (pressed && facts.free >= budget.keep_free) {
    budget.keep_free = kSomeRoom;
    facts.free = 0;
  }
  std::map<std::string, uint64_t, std::less<>> live_of;
  for (const auto& live : live_) {
    if (live.device != device) continue;
    facts.live += live.bytes + live.growth;
    live_of[live.app] += live.bytes;
  }
  facts.live_of = [&](const std::string& app) {
    const auto at = live_of.find(app);
    return at == live_of.end() ? 0 : at->second;
  };
  facts.retain = [&](const std::string& name) {
    const auto* app = catalog_.find(name);
    return app != nullptr ? retain_of(app->keep) : Retain{};
  };
  facts.gone_age = settings_.keep_gone;
  const auto removals = plan_retention(std::move(stock), budget, facts);
  return remove_stored(
      removals,
      [this](const Removal& removal) {
        erase(removal.file.path);
        on_removed_(removal);
      },
      store::Durably::No);
}

base::Result<uint64_t> Storage::remove(const std::vector<Stored>& files) {
  std::vector<Removal> removals;
  for (const auto& file : files)
    removals.push_back({.file = file, .reason = {}});
  uint64_t bytes = 0;
  auto removed = remove_stored(removals, [&](const Removal& removal) {
    bytes += removal.file.bytes;
    erase(removal.file.path);
  });
  if (!removed) return base::fail(std::move(removed.error()));
  return bytes;
}

base::Status Storage::remove_sealed(const store::CatalogApp& app,
                                    const std::set<int>& instances) {
  // Before it goes: what is archived meanwhile is then known to be deleted.
  return rotate::remove_sealed(
      log_dir_, app, instances,
      [this](const store::Segment& segment) { erase(segment.path); });
}

std::optional<ArchiveJob> Storage::next_job() {
  const Stored* oldest = nullptr;
  uint64_t waiting = 0;
  size_t count = 0;
  const auto now = clock_.mono();
  for (const auto& [path, entry] : files_) {
    const auto& file = entry.file;
    if (file.compressed || entry.not_before > now || jobs_.contains(path))
      continue;
    const auto* app = app_of(file);
    // Of an app that came just now is not known yet whether it wants that.
    if (app == nullptr || app->keep.level == 0) continue;
    waiting += file.bytes;
    ++count;
    if (oldest == nullptr || file.last < oldest->last) oldest = &file;
  }
  if (oldest == nullptr) return std::nullopt;
  if (now - added_ < kBusy) {
    const auto space = fs::space(log_dir_);
    if (space && waiting < budget_of(settings_, space->total).cap / 4)
      return std::nullopt;
  }
  ArchiveJob job{segment_of(*oldest), {}};
  jobs_[oldest->path] = false;
  job.options.most_in_frame = kMostInFrame;
  if (const auto* app = app_of(*oldest)) job.options.level = app->keep.level;
  if (count > kManyWaiting && job.options.level <= kUsualLevel)
    job.options.level = kQuickLevel;
  if (oldest->kind != store::SegmentKind::All)
    job.options.stream = oldest->kind == store::SegmentKind::Error
                             ? store::Stream::Error
                             : store::Stream::Out;
  return job;
}

void Storage::archived(const store::Segment& segment) {
  const auto job = jobs_.extract(segment.path);
  const bool removed = job && job.mapped();
  const std::string path = store::archive_path(segment.path);
  const auto archive = fs::stat(path);
  if (removed) {
    (void)fs::unlink(path);
    erase(segment.path);
    return;
  }
  const auto at = files_.find(segment.path);
  if (archive) {
    // Looked up meanwhile, it may be there already, with both forms' bytes.
    Stored file;
    if (at != files_.end())
      file = at->second.file;
    else if (const auto known = files_.find(path); known != files_.end())
      file = known->second.file;
    else
      return;
    erase(segment.path);
    file.path = path;
    file.bytes = static_cast<uint64_t>(archive->st_size);
    file.compressed = true;
    put(std::move(file));
  } else if (!fs::exists(segment.path)) {
    erase(segment.path);
  } else if (at != files_.end()) {
    at->second.not_before = clock_.mono() + kRetry;
  }
}

}  // namespace rotate
