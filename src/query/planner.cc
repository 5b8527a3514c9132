#include "query/planner.h"

#include <fmt/format.h>

#include "base/fs.h"
#include "base/target.h"

namespace query {
namespace {

// Which instance of which app each candidate stands for.
struct Found {
  size_t app = 0;
  const store::CatalogInstance* instance = nullptr;  // null: has none
};

void add_streams(Plan& plan, const store::CatalogApp& app,
                 const store::CatalogInstance& instance,
                 const std::string& log_dir, const Query& query) {
  Origin origin;
  origin.app = app.name;
  origin.id = instance.id;
  origin.instance = instance.number;
  origin.numbered = app.instances.size() > 1;
  origin.deleted = app.deleted.has_value();
  origin.label = make_label(origin, instance.number);
  if (query.out) {
    origin.kind = Kind::Out;
    origin.path = base::fs::join(log_dir, instance.out_file);
    origin.owner = store::segment_owner(app, instance.out_file);
    plan.origins.push_back(origin);
  }
  if (query.error) {
    origin.kind = Kind::Error;
    origin.path = base::fs::join(log_dir, instance.error_file);
    origin.owner = store::segment_owner(app, instance.error_file);
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
  auto chosen = base::resolve_targets(query.targets, query.exclude, candidates);
  if (!chosen) return base::fail(std::move(chosen.error()));
  Plan plan;
  std::vector<int> instances;  // chosen, of the app we are at
  for (size_t i = 0; i < chosen->size(); ++i) {
    const Found& one = found[(*chosen)[i]];
    const auto& app = catalog.apps[one.app];
    if (one.instance != nullptr) {
      add_streams(plan, app, *one.instance, log_dir, query);
      instances.push_back(one.instance->number);
    }
    const bool last =
        i + 1 == chosen->size() || found[(*chosen)[i + 1]].app != one.app;
    if (!last) continue;
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
