#include "query/planner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fs.h"
#include "base/target.h"

namespace query {
namespace {

// Which instance of which app each candidate stands for.
struct Found {
  size_t app = 0;
  const store::CatalogInstance* instance = nullptr;  // null: has none
};

// The files of the chosen instances, each once.
void add_streams(Plan& plan, const store::CatalogApp& app,
                 const std::vector<int>& chosen, const std::string& log_dir,
                 const Query& query) {
  for (const auto& file : store::files_of(app)) {
    const bool is_error = file.stream == store::Stream::Error;
    const auto is_chosen = [&](const store::CatalogInstance* instance) {
      return std::ranges::find(chosen, instance->number) != chosen.end();
    };
    if (!(is_error ? query.error : query.out) ||
        std::ranges::none_of(file.instances, is_chosen))
      continue;
    Origin origin;
    origin.app = app.name;
    origin.kind = is_error ? Kind::Error : Kind::Out;
    origin.path = store::file_path(log_dir, file.file);
    origin.owner = store::segment_owner(app, file.file);
    origin.numbered = app.instances.size() > 1;
    origin.deleted = app.deleted.has_value();
    const store::CatalogInstance& first = *file.instances.front();
    origin.shared = file.instances.size() > 1 ||
                    (file.live && first.out_file == first.error_file);
    if (file.instances.size() == 1) {
      origin.id = first.id;
      origin.instance = first.number;
    }
    origin.label = make_label(origin, origin.instance);
    plan.origins.push_back(origin);
  }
}

void add_events(Plan& plan, const store::CatalogApp& app,
                std::vector<int> chosen, const std::string& log_dir) {
  Origin origin;
  origin.app = app.name;
  origin.kind = Kind::Events;
  origin.path = base::fs::join(log_dir, app.events_file);
  origin.numbered = app.instances.size() > 1;
  origin.deleted = app.deleted.has_value();
  origin.label = make_label(origin, -1);
  if (chosen.size() < app.instances.size()) origin.only = std::move(chosen);
  plan.origins.push_back(origin);
}

}  // namespace

std::string make_label(const Origin& origin, int instance) {
  std::string label = origin.app;
  if (origin.numbered && instance >= 0) label += fmt::format("/{}", instance);
  if (origin.deleted) label += " gone";
  return label;
}

base::Result<Plan> make_plan(const store::Catalog& catalog,
                             const std::string& log_dir, const Query& query) {
  std::vector<base::TargetCandidate> candidates;
  std::vector<Found> found;
  for (size_t i = 0; i < catalog.apps.size(); ++i) {
    const auto& app = catalog.apps[i];
    for (const auto& instance : app.instances) {
      candidates.push_back({instance.id, app.name, app.space, instance.number});
      found.push_back({i, &instance});
    }
    if (!app.instances.empty()) continue;
    candidates.push_back({-1, app.name, app.space, 0});
    found.push_back({i, nullptr});
  }
  Plan plan;
  auto chosen = base::resolve_targets(query.targets, query.exclude, candidates,
                                      &plan.unknown);
  if (!chosen) return base::fail(std::move(chosen.error()));
  std::vector<int> instances;  // chosen, of the app we are at
  for (size_t i = 0; i < chosen->size(); ++i) {
    const Found& one = found[(*chosen)[i]];
    const auto& app = catalog.apps[one.app];
    if (one.instance != nullptr) instances.push_back(one.instance->number);
    const bool last =
        i + 1 == chosen->size() || found[(*chosen)[i + 1]].app != one.app;
    if (!last) continue;
    add_streams(plan, app, instances, log_dir, query);
    if (query.events) add_events(plan, app, std::move(instances), log_dir);
    instances.clear();
  }
  return plan;
}

Plan diary_plan(const std::string& path) {
  Origin origin;
  origin.app = origin.label = "lodge";
  origin.path = path;
  return {{origin}};
}

}  // namespace query
