#include "query/removals.h"

#include <algorithm>

#include "base/fs.h"

namespace query {

void Removals::add(const store::Event& event) {
  if (is_prune(event)) {
    pruned_[event.app] = event.time;
    return;
  }
  if (event.kind == store::EventKind::Flush) {
    flushed_[event.app].push_back(event.time);
    return;
  }
  const bool removed = event.kind == store::EventKind::Remove;
  if (!removed && event.kind != store::EventKind::Seal) return;
  const auto segment = store::parse_segment_name(
      base::fs::base_name(store::segment_path(event.file)));
  if (!segment) return;
  auto& file = files_[{event.app, segment->kind, segment->instance}]
                   .try_emplace(segment->sequence,
                                Sealed{segment->first, event.time, {}, {}})
                   .first->second;
  if (!removed) return;
  file.removed = event.time;
  file.reason = event.reason;
}

bool Removals::has_any(const store::SegmentOwner& owner) const {
  if (pruned_.contains(owner.app) || flushed_.contains(owner.app)) return true;
  const auto found = files_.find({owner.app, owner.kind, owner.instance});
  return found != files_.end() &&
         std::ranges::any_of(found->second, [](const auto& entry) {
           return entry.second.removed.has_value();
         });
}

std::optional<RemovedFile> Removals::before(
    const store::SegmentOwner& owner, std::optional<uint64_t> oldest) const {
  const auto found = files_.find({owner.app, owner.kind, owner.instance});
  if (found == files_.end()) return std::nullopt;
  const auto& files = found->second;
  auto at = oldest ? files.lower_bound(*oldest) : files.end();
  if (at == files.begin()) return std::nullopt;
  const Sealed& file = (--at)->second;
  if (file.removed)
    return RemovedFile{file.first, file.end, *file.removed, file.reason};
  const auto pruned = pruned_.find(owner.app);
  if (pruned != pruned_.end() && pruned->second >= file.end)
    return RemovedFile{file.first, file.end, pruned->second, "pruned"};
  // Which of several took it is not known: not before the first of them.
  const auto flushes = flushed_.find(owner.app);
  if (flushes == flushed_.end()) return std::nullopt;
  const auto flush = std::ranges::find_if(
      flushes->second, [&](base::Timestamp time) { return time >= file.end; });
  if (flush == flushes->second.end()) return std::nullopt;
  return RemovedFile{file.first, file.end, *flush, {}, true};
}

bool is_prune(const store::Event& event) {
  return event.kind == store::EventKind::Flush && event.reason == "pruned";
}

}  // namespace query
