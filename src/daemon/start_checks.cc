#include "daemon/start_checks.h"

#include <set>
#include <string>
#include <utility>

#include "base/zone.h"
#include "supervisor/launch_plan.h"

namespace daemon_ {

base::Status check_app(const config::AppSpec& spec, Users& users) {
  if (auto plan = supervisor::plan_launch(spec, {}); !plan)
    return base::fail(std::move(plan.error()));
  if (auto as = users.resolve(spec.uid, spec.gid); !as)
    return base::fail(std::move(as.error()));
  if (auto zone = base::TimeZone::load(spec.keep.cron_tz); !zone)
    return base::fail(base::Errc::Invalid, "cron_tz: " + zone.error().message);
  return {};
}

base::Status check_order(const std::vector<config::AppSpec>& specs,
                         const config::Specs& others) {
  config::Specs all;
  std::set<std::string> given;
  for (const auto& spec : specs) {
    all.push_back(&spec);
    given.insert(spec.name);
  }
  for (const auto* other : others)
    if (!given.contains(other->name)) all.push_back(other);
  return config::check_dependencies(all, given);
}

}  // namespace daemon_
