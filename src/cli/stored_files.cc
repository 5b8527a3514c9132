#include "cli/stored_files.h"

#include "base/target.h"
#include "cli/report.h"
#include "rotate/flush.h"
#include "store/catalog.h"

namespace cli {

control::Selection archive_selection(const Invocation& invocation) {
  const auto& words = invocation.args.words;
  return {.targets = {words.begin() + 1, words.end()},
          .exclude = invocation.args.values("exclude")};
}

std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation) {
  const auto logs = invocation.home.logs();
  auto catalog = store::load_catalog(logs);
  if (!catalog)
    return std::unexpected(report(invocation, catalog.error(), kUsage));
  const auto selection = archive_selection(invocation);
  const auto candidates = rotate::flush_candidates(*catalog);
  auto chosen =
      base::resolve_targets(selection.targets, selection.exclude, candidates);
  if (!chosen)
    return std::unexpected(report(invocation, chosen.error(), kUsage));
  std::vector<base::TargetCandidate> selected;
  for (const size_t i : *chosen) selected.push_back(candidates[i]);
  auto files = rotate::plan_sealed_flush(logs, *catalog, selected);
  if (!files) return std::unexpected(report(invocation, files.error(), kUsage));
  return std::move(*files);
}

}  // namespace cli
