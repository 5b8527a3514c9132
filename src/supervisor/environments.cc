// What apps declare and inherit, as commands change it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/target.h"
#include "config/environment.h"
#include "supervisor/supervisor.h"

namespace supervisor {

std::vector<std::string> what_changed(const config::AppSpec& from,
                                      const config::AppSpec& to) {
  auto changed = config::changed_keys(from, to);
  if (std::ranges::count(changed, "env") == 0 &&
      from.environment.inherited != to.environment.inherited &&
      config::environment_of(from) != config::environment_of(to))
    changed.emplace_back("env");
  return changed;
}

config::AppSpec Supervisor::merged(config::AppSpec spec,
                                   const StartOptions& options) const {
  const App* app = find_app(spec.name);
  if (app == nullptr) return spec;
  if (!options.update_env)
    spec.environment.inherited = app->spec.environment.inherited;
  spec.name_given = app->spec.name_given || spec.name_given;
  return spec;
}

std::set<const App*> Supervisor::set_env(const std::vector<int>& ids,
                                         const EnvChange& env,
                                         const Cause& cause) {
  std::set<const App*> changed;
  if (env.inherited == nullptr && env.variant.empty()) return changed;
  std::set<App*> meant;
  for (const int id : ids) meant.insert(by_id_.at(id).app);
  for (App* const app : meant) {
    const auto before = app->spec;
    auto& settings = app->spec.environment;
    if (env.inherited != nullptr) settings.inherited = *env.inherited;
    if (!env.variant.empty()) settings.variant = env.variant;
    if (config::environment_of(app->spec) == config::environment_of(before))
      continue;
    tell_changed(before, app->spec, cause);
    changed.insert(app);
  }
  return changed;
}

base::Status Supervisor::check_variant(const std::vector<int>& ids,
                                       const std::string& variant) const {
  for (const int id : ids) {
    const auto& spec = app_at(id).spec;
    const auto& variants = spec.environment.variants;
    if (variants.contains(variant)) continue;
    std::vector<std::string> names;
    for (const auto& entry : variants) names.push_back(entry.first);
    const auto nearest = base::nearest_word(variant, names);
    return base::fail(
        base::Errc::NotFound,
        fmt::format("--env: {} has no environment {}", spec.name, variant),
        !nearest.empty() ? fmt::format("did you mean {}?", nearest)
        : names.empty()
            ? fmt::format("env_{} in its configuration would be it", variant)
            : fmt::format("it has {}", fmt::join(names, ", ")));
  }
  return {};
}

}  // namespace supervisor
