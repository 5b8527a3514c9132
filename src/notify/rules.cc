#include "notify/rules.h"

#include "base/settings.h"
#include "supervisor/app_list.h"

namespace notify {

base::Result<std::vector<Rule>> load_rules(const base::Home& home) {
  std::vector<Rule> rules;
  auto list = supervisor::load_app_list(home.app_list());
  if (!list) return base::fail(std::move(list.error()));
  for (auto& app : list->list.apps)
    for (auto& what : app.spec.notify) {
      auto& rule = rules.emplace_back();
      rule.name = app.spec.name + ":" + what.name;
      rule.app = app.spec.name;
      rule.what = std::move(what);
      rule.env = app.spec.env;
      rule.cwd = app.spec.cwd;
      rule.uid = app.spec.uid;
      rule.gid = app.spec.gid;
    }
  auto settings = base::load_settings(home.path("settings.json"));
  if (!settings) return base::fail(std::move(settings.error()));
  if (settings->notify.empty()) return rules;
  auto all = config::parse_notify(settings->notify);
  if (!all) return base::pass(std::move(all), "settings: notify");
  for (auto& what : *all) {
    auto& rule = rules.emplace_back();
    rule.name = what.name;
    rule.what = std::move(what);
  }
  return rules;
}

}  // namespace notify
