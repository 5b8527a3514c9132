#include "cli/stored_files.h"

#include <fmt/format.h>

#include "base/fs.h"
#include "cli/log_place.h"
#include "cli/report.h"
#include "rotate/flush.h"

namespace cli {

control::Selection archive_selection(const Invocation& invocation) {
  const auto& words = invocation.args.words;
  return {.targets = {words.begin() + 1, words.end()},
          .exclude = invocation.args.values("exclude")};
}

namespace {

// A report has its lines in files that were never sealed: that there is nothing
// in it to list or verify would be no answer.
base::Result<std::string> log_dir(const Invocation& invocation) {
  const auto from = invocation.args.value("from").value_or("");
  if (const auto info = base::fs::stat(from); info && !S_ISDIR(info->st_mode))
    return base::fail(
        base::Errc::Invalid,
        fmt::format("--from {}: a report has no segments or archives", from),
        "lodge logs --from, or archive export");
  auto place = LogPlace::open(invocation.home, from);
  if (!place) return base::fail(std::move(place.error()));
  return place->dir();
}

}  // namespace

std::expected<ChosenApps, int> chosen_apps(const Invocation& invocation) {
  auto logs = log_dir(invocation);
  if (!logs) return std::unexpected(report(invocation, logs.error(), kUsage));
  auto catalog = store::load_catalog(*logs);
  if (!catalog)
    return std::unexpected(report(invocation, catalog.error(), kUsage));
  const auto selection = archive_selection(invocation);
  const auto candidates = rotate::flush_candidates(*catalog);
  auto chosen =
      base::resolve_targets(selection.targets, selection.exclude, candidates);
  if (!chosen)
    return std::unexpected(report(invocation, chosen.error(), kUsage));
  ChosenApps apps{std::move(*logs), std::move(*catalog), {}};
  for (const size_t i : *chosen) apps.instances.push_back(candidates[i]);
  return apps;
}

std::expected<std::vector<rotate::Stored>, int> stored_files(
    const Invocation& invocation, const ChosenApps& chosen) {
  auto files =
      rotate::plan_sealed_flush(chosen.logs, chosen.catalog, chosen.instances);
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
