#include "cli/stored_files.h"

#include "cli/log_place.h"
#include "cli/report.h"
#include "rotate/flush.h"

namespace cli {

control::Selection archive_selection(const Invocation& invocation) {
  const auto& words = invocation.args.words;
  return {.targets = {words.begin() + 1, words.end()},
          .exclude = invocation.args.values("exclude")};
}

std::expected<ChosenApps, int> chosen_apps(const Invocation& invocation) {
  if (auto there = check_home(invocation.home); !there)
    return std::unexpected(report(invocation, there.error(), kUsage));
  auto catalog = store::load_catalog(invocation.home.logs());
  if (!catalog)
    return std::unexpected(report(invocation, catalog.error(), kUsage));
  const auto selection = archive_selection(invocation);
  const auto candidates = rotate::flush_candidates(*catalog);
  auto chosen =
      base::resolve_targets(selection.targets, selection.exclude, candidates);
  if (!chosen)
    return std::unexpected(report(invocation, chosen.error(), kUsage));
  ChosenApps apps{std::move(*catalog), {}};
  for (const size_t i : *chosen) apps.instances.push_back(candidates[i]);
  return apps;
}

std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation, const ChosenApps& chosen) {
  auto files = rotate::plan_sealed_flush(invocation.home.logs(), chosen.catalog,
                                         chosen.instances);
  if (!files) return std::unexpected(report(invocation, files.error(), kUsage));
  return std::move(*files);
}

std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation) {
  const auto chosen = chosen_apps(invocation);
  if (!chosen) return std::unexpected(chosen.error());
  return stored_files(invocation, *chosen);
}

}  // namespace cli
