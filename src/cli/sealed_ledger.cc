#include "cli/sealed_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "base/fs.h"
#include "store/segments.h"

namespace cli {
namespace {

namespace fs = base::fs;
using store::EventKind;

// Takes sealed files and names none of them.
bool takes_sealed(const store::Event& event) {
  const auto has = [&](std::string_view flag) {
    return event.command.find(flag) != std::string::npos;
  };
  if (event.kind == EventKind::Flush)
    return event.reason == "pruned" || has("--archives");
  return event.kind == EventKind::Delete && has("--logs");
}

// Those of one owner, ascending.
class Rows {
 public:
  Rows(std::string dir, MissingFiles row)
      : dir_(std::move(dir)), row_(std::move(row)) {}

  void add(uint64_t first, uint64_t last, const std::string& path) {
    if (!rows_.empty() && rows_.back().last + 1 == first) {
      rows_.back().last = last;
      rows_.back().place = dir_;
      return;
    }
    row_.first = first;
    row_.last = last;
    row_.place = path.empty() ? dir_ : path;
    rows_.push_back(row_);
  }
  std::vector<MissingFiles> take() { return std::move(rows_); }

 private:
  std::string dir_;
  MissingFiles row_;
  std::vector<MissingFiles> rows_;
};

}  // namespace

std::string MissingFiles::words() const {
  const auto stream =
      instance == 0
          ? std::string(store::segment_kind_name(kind))
          : fmt::format("{}-{}", store::segment_kind_name(kind), instance);
  return first == last ? fmt::format("file {} of {} is missing", first, stream)
                       : fmt::format("files {} to {} of {} are missing", first,
                                     last, stream);
}

SealedLedger::SealedLedger(const std::string& log_dir,
                           const store::Catalog& catalog) {
  for (const auto& archives : rotate::archives_of(log_dir, catalog))
    known_[name_of(store::archive_dir(archives.live_dir, archives.app->name))] =
        true;
}

// One name for a directory, by whichever path it is reached.
std::string SealedLedger::name_of(const std::string& dir) {
  const auto [at, is_new] = names_.try_emplace(dir, dir);
  if (!is_new) return at->second;
  if (const auto info = fs::stat(dir))
    at->second =
        by_inode_.try_emplace({info->st_dev, info->st_ino}, dir).first->second;
  return at->second;
}

void SealedLedger::add(const store::Event& event) {
  if (takes_sealed(event)) {
    for (auto& [owner, numbers] : told_)
      if (std::get<1>(owner) == event.app)
        for (auto& [number, told] : numbers) told.taken = true;
    return;
  }
  const bool sealed = event.kind == EventKind::Seal;
  // A power cut may leave nothing of one.
  const bool removed =
      event.kind == EventKind::Remove || event.kind == EventKind::Lost;
  // Nor need the name of the last be on disk, or that it is told.
  if (event.kind == EventKind::Lost &&
      event.reason.starts_with("the machine went down;"))
    for (auto& [owner, numbers] : told_)
      if (std::get<1>(owner) == event.app)
        numbers.rbegin()->second.removed = true;
  if ((!sealed && !removed) || event.file.empty()) return;
  const auto path = store::segment_path(event.file);
  const auto segment = store::parse_segment_name(fs::base_name(path));
  if (!segment) return;
  const auto dir = name_of(fs::dir_name(path));
  if (!known_.contains(dir)) return;  // of a home that was elsewhere
  auto& told = told_[{dir, event.app, segment->kind, segment->instance}]
                    [segment->sequence];
  told.path = path;
  told.sealed = told.sealed || sealed;
  told.removed = told.removed || removed;
}

SealedLedger::Owner SealedLedger::owner_of(const rotate::Stored& file) const {
  const auto dir = fs::dir_name(file.path);
  const auto known = names_.find(dir);
  return {known == names_.end() ? dir : known->second, file.app, file.kind,
          file.instance};
}

std::vector<MissingFiles> SealedLedger::missing(
    const std::vector<rotate::Stored>& files,
    const rotate::SealedSelection& selection) const {
  std::map<Owner, std::set<uint64_t>> there;
  for (const auto& file : files) there[owner_of(file)].insert(file.sequence);
  for (const auto& [owner, numbers] : told_) there.try_emplace(owner);

  std::vector<MissingFiles> all;
  for (const auto& [owner, numbers] : there) {
    const auto& [dir, app, kind, instance] = owner;
    if (!selection.has(app, kind, instance)) continue;
    static const Numbers kNone;
    const auto found = told_.find(owner);
    const Numbers& told = found == told_.end() ? kNone : found->second;
    Rows rows(dir, {app, kind, instance, 0, 0, {}});

    // From there on each that was sealed is told.
    const auto known = std::ranges::find_if(
        told, [](const auto& entry) { return entry.second.sealed; });
    const uint64_t reached = known == told.end() ? UINT64_MAX : known->first;
    const auto add_untold = [&](uint64_t first, uint64_t end) {
      end = std::min(end, reached);
      for (auto at = told.lower_bound(first);
           at != told.end() && at->first < end; ++at) {
        if (first < at->first) rows.add(first, at->first - 1, {});
        first = at->first + 1;  // removed
      }
      if (first < end) rows.add(first, end - 1, {});
    };
    std::optional<uint64_t> before;
    for (const auto number : numbers) {
      if (before) add_untold(*before + 1, number);
      before = number;
    }
    // The number that the live file will have tells which was the last.
    const auto live_dir = fs::dir_name(fs::dir_name(dir));
    const auto next = store::next_sequence(live_dir, {app, kind, instance});
    if (before && next) add_untold(*before + 1, *next);

    for (auto at = known; at != told.end(); ++at) {
      const auto& [number, what] = *at;
      if (!what.sealed || what.removed || numbers.contains(number)) continue;
      // What takes files takes the older ones, too.
      const bool is_oldest = numbers.empty() || number < *numbers.begin();
      if (what.taken && is_oldest) continue;
      rows.add(number, number, what.path);
    }
    std::ranges::move(rows.take(), std::back_inserter(all));
  }
  return all;
}

}  // namespace cli
