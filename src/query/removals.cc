#include "query/removals.h"

#include "base/fs.h"

namespace query {

void Removals::add(const store::Event& event) {
  const bool sealed = event.kind == store::EventKind::Seal;
  if (!sealed && event.kind != store::EventKind::Remove) return;
  const std::string path = store::segment_path(event.file);
  if (sealed) {
    sealed_[path] = event.time;
    return;
  }
  const auto segment = store::parse_segment_name(base::fs::base_name(path));
  if (!segment) return;
  RemovedFile file{.sequence = segment->sequence,
                   .first = segment->first,
                   .end = event.time,
                   .when = event.time,
                   .reason = event.reason};
  if (const auto at = sealed_.find(path); at != sealed_.end()) {
    file.end = at->second;
    sealed_.erase(at);
  }
  gone_[{event.app, segment->kind, segment->instance}].insert_or_assign(
      file.sequence, std::move(file));
}

std::optional<RemovedFile> Removals::before(
    const store::SegmentOwner& owner, std::optional<uint64_t> oldest) const {
  const auto found = gone_.find({owner.app, owner.kind, owner.instance});
  if (found == gone_.end()) return std::nullopt;
  const auto& files = found->second;
  auto at = oldest ? files.lower_bound(*oldest) : files.end();
  if (at == files.begin()) return std::nullopt;
  return (--at)->second;
}

}  // namespace query
