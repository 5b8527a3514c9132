#include "daemon/start_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace daemon_ {
namespace {

std::string plan_of(const config::AppSpec& spec, const supervisor::App* app,
                    bool restart) {
  if (app == nullptr) return "would start (new)";
  auto changed = supervisor::what_changed(app->spec, spec);
  if (spec.instances != app->spec.instances) changed.emplace_back("instances");
  const bool up = std::ranges::any_of(app->instances, [](const auto& instance) {
    return instance->wanted() && instance->state() == supervisor::State::Online;
  });
  const std::string keys =
      changed.empty() ? "" : fmt::format(" ({})", fmt::join(changed, ", "));
  if (!up) return "would start" + keys;
  if (restart || !config::applies_live(changed)) return "would restart" + keys;
  return changed.empty() ? "unchanged" : "would apply" + keys;
}

// Of a command line that chooses an environment of a known app.
base::Status check_variant(const config::AppSpec& spec,
                           const supervisor::App& app,
                           const supervisor::Supervisor& supervisor) {
  const auto& variant = spec.environment.variant;
  if (variant.empty() || variant == app.spec.environment.variant ||
      spec.environment.variants.contains(variant) || app.instances.empty())
    return {};
  return supervisor.check_variant({app.instances.front()->life().id}, variant);
}

}  // namespace

base::Result<config::AppSpec> read_definition(
    const std::string& definition, const control::StartRequest& request,
    const supervisor::Supervisor& supervisor) {
  const auto* app = supervisor.find_app(config::name_in(definition));
  auto spec = config::parse_spec(definition);
  // What a command line does not say of a known app stays as it is, its script
  // too; what a file does not say has its default.
  if (app != nullptr && (!spec || spec->config_file.empty())) {
    auto before = app->spec;
    before.config_file.clear();
    auto over = config::parse_spec(definition, before);
    if (!over) return over;
    if (over->config_file.empty()) {
      over->config_file = app->spec.config_file;
      if (auto good = check_variant(*over, *app, supervisor); !good)
        return base::fail(std::move(good.error()));
      spec = std::move(over);
    }
  }
  if (!spec) return spec;
  spec->environment.inherited = {request.env.begin(), request.env.end()};
  return supervisor.merged(std::move(*spec),
                           {.update_env = request.update_env});
}

std::vector<control::Outcome> plan_start(
    const std::vector<config::AppSpec>& specs,
    const control::StartRequest& request, const std::vector<int>& pruned,
    const supervisor::Supervisor& supervisor) {
  std::vector<control::Outcome> plan;
  for (const auto& spec : specs) {
    auto& row = plan.emplace_back();
    row.app = spec.name;
    row.action = plan_of(spec, supervisor.find_app(spec.name), request.restart);
    if (spec.instances > 1)
      row.detail = fmt::format("{} instances", spec.instances);
  }
  std::set<std::string> gone;
  for (const int id : pruned)
    if (const auto* app = supervisor.app_of(id)) gone.insert(app->spec.name);
  for (const auto& name : gone) {
    auto& row = plan.emplace_back();
    row.app = name;
    row.action = "would delete (no longer in the file)";
  }
  return plan;
}

std::vector<int> pruned_ids(const control::StartRequest& request,
                            const supervisor::Supervisor& supervisor) {
  std::vector<int> ids;
  for (const auto& app : supervisor.apps()) {
    if (app->spec.config_file.empty() ||
        std::ranges::count(request.prune, app->spec.config_file) == 0 ||
        std::ranges::count(request.keep, app->spec.name) > 0)
      continue;
    for (const auto& instance : app->instances)
      ids.push_back(instance->life().id);
  }
  return ids;
}

}  // namespace daemon_
