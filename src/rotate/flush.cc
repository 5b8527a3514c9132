#include "rotate/flush.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fs.h"
#include "store/live_reader.h"

namespace rotate {
namespace {

namespace fs = base::fs;

// Stamps of one file run on but for small steps of the clock: so far back from
// its end one looks for the newest.
constexpr size_t kLookBack = 1000;

bool is_selected(std::span<const base::TargetCandidate> selected,
                 const std::string& app, int instance) {
  return std::any_of(selected.begin(), selected.end(), [&](const auto& s) {
    return s.app == app && s.instance == instance;
  });
}

// The newest stamp of the last lines; of a file that bears none, the time of
// its last change.
base::Result<base::Timestamp> last_line(const std::string& path,
                                        const struct ::stat& info) {
  const base::Timestamp changed{int64_t{info.st_mtim.tv_sec} * 1'000'000 +
                                info.st_mtim.tv_nsec / 1000};
  auto log = store::open_log(path);
  if (!log) return base::fail(std::move(log.error()));
  store::BackwardLines lines(**log, static_cast<uint64_t>(info.st_size));
  std::optional<base::Timestamp> newest;
  for (size_t i = 0; i < kLookBack; ++i) {
    auto line = lines.previous();
    if (!line) return base::fail(std::move(line.error()));
    if (!line->has_value()) break;
    if ((*line)->stamp)
      newest = std::max(newest.value_or(*(*line)->stamp), *(*line)->stamp);
  }
  return newest.value_or(changed);
}

base::Status append_if_there(const std::string& log_dir,
                             const std::string& name, LiveFile file,
                             std::optional<base::Timestamp> before,
                             std::vector<LiveFile>& into) {
  file.path = store::file_path(log_dir, name);
  auto info = fs::stat(file.path);
  if (!info) {
    if (info.error().code == base::Errc::NotFound) return {};
    return base::pass(std::move(info), "flush");
  }
  file.bytes = static_cast<uint64_t>(info->st_size);
  if (before) {
    if (file.bytes == 0) return {};
    auto last = last_line(file.path, *info);
    if (!last) return base::pass(std::move(last), "flush");
    if (*last >= *before) return {};
  }
  into.push_back(std::move(file));
  return {};
}

using Source = std::tuple<std::string, store::SegmentKind, int>;

// The owners of what the selected instances write, or wrote, and no other one.
std::set<Source> sources_of(const store::CatalogApp& app,
                            std::span<const base::TargetCandidate> selected) {
  std::set<Source> theirs;
  std::set<Source> others;
  for (const auto& instance : app.instances) {
    const bool is_theirs = is_selected(selected, app.name, instance.number);
    for (const auto& file : {instance.out_file, instance.error_file})
      if (const auto owner = store::segment_owner(app, file);
          owner && !file.empty())
        (is_theirs ? theirs : others)
            .emplace(app.name, owner->kind, owner->instance);
    // What it sealed before its settings changed has its own number.
    for (const auto kind : {store::SegmentKind::Out, store::SegmentKind::Error,
                            store::SegmentKind::All})
      (is_theirs ? theirs : others).emplace(app.name, kind, instance.number);
  }
  for (const auto& source : others) theirs.erase(source);
  return theirs;
}

}  // namespace

std::vector<base::TargetCandidate> flush_candidates(
    const store::Catalog& catalog) {
  std::vector<base::TargetCandidate> candidates;
  for (const auto& app : catalog.apps)
    for (const auto& instance : app.instances)
      candidates.push_back({instance.id, app.name, app.space, instance.number});
  return candidates;
}

base::Result<std::vector<LiveFile>> plan_flush(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected,
    std::optional<base::Timestamp> before) {
  std::vector<LiveFile> files;
  for (const auto& app : catalog.apps) {
    for (const auto& file : store::files_of(app)) {
      const auto is_meant = [&](const store::CatalogInstance* instance) {
        return is_selected(selected, app.name, instance->number);
      };
      if (std::ranges::none_of(file.instances, is_meant)) continue;
      if (!std::ranges::all_of(file.instances, is_meant))
        return base::fail(base::Errc::Invalid,
                          fmt::format("{}: all instances of {} write it",
                                      file.file, app.name),
                          "flush them together: lodge flush " + app.name);
      auto added = append_if_there(
          log_dir, file.file,
          {app.name, file.instances.front()->number, file.stream, {}, 0},
          before, files);
      if (!added) return base::fail(std::move(added.error()));
    }
  }
  return files;
}

SealedSelection::SealedSelection(
    const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected) {
  for (const auto& app : catalog.apps) {
    if (std::ranges::all_of(app.instances, [&](const auto& instance) {
          return is_selected(selected, app.name, instance.number);
        }))
      whole_.insert(app.name);
    sources_.merge(sources_of(app, selected));
  }
}

bool SealedSelection::has(const std::string& app, store::SegmentKind kind,
                          int instance) const {
  return whole_.contains(app) || sources_.contains({app, kind, instance});
}

base::Result<std::vector<Stored>> plan_sealed_flush(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected,
    std::optional<base::Timestamp> before) {
  const SealedSelection theirs(catalog, selected);
  auto stock = take_stock(log_dir, catalog);
  if (!stock) return base::pass(std::move(stock), "flush");
  std::erase_if(*stock, [&](const Stored& file) {
    if (!theirs.has(file.app, file.kind, file.instance)) return true;
    // Its last line is no younger than its last change; where the clock was
    // set back, no younger than its first line.
    return before &&
           std::max(file.first, file.last.value_or(file.first)) >= *before;
  });
  return stock;
}

}  // namespace rotate
