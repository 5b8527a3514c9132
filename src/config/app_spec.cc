#include "config/app_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/target.h"
#include "config/environment.h"
#include "config/key_facts.h"
#include "config/keys.h"

namespace config {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxInstances = 1024;

base::Status check(const AppSpec& spec) {
  const auto bad = [](std::string why) {
    return base::fail(base::Errc::Invalid, std::move(why));
  };
  if (auto name = base::check_app_name(spec.name); !name) return name;
  if (auto space = base::check_app_name(spec.space); !space)
    return base::pass(std::move(space), "namespace");
  if (spec.script.empty()) return bad("script: missing");
  if (!spec.shell && spec.script.front() != '/')
    return bad("script: " + spec.script + " is not an absolute path");
  if (spec.cwd.empty() || spec.cwd.front() != '/')
    return bad("cwd: '" + spec.cwd + "' is not an absolute path");
  if (spec.instances < 1 || spec.instances > kMaxInstances)
    return bad(fmt::format("instances: {} is not between 1 and {}",
                           spec.instances, kMaxInstances));
  if (spec.max_restarts < 0) return bad("max_restarts: negative");
  for (const auto& [name, value] : {std::pair{"min_uptime", spec.min_uptime},
                                    {"restart_delay", spec.restart_delay},
                                    {"kill_timeout", spec.kill_timeout},
                                    {"listen_timeout", spec.listen_timeout}})
    if (value.count() < 0 || value > std::chrono::days(365))
      return bad(fmt::format("{}: not between 0 and a year", name));
  const auto& health = spec.health;
  if (!health.http.empty() + !health.tcp.empty() + !health.exec.empty() > 1)
    return bad("health: http, tcp and exec: only one of them");
  return {};
}

}  // namespace

base::Result<AppSpec> parse_spec(std::string_view text, const AppSpec& before) {
  auto json = base::parse_json(text, {.bytes = size_t{4} << 20, .depth = 8});
  if (!json) return base::pass(std::move(json), "definition");
  if (!json->is_object())
    return base::fail(base::Errc::Invalid, "definition: not an object");
  AppSpec spec = before;
  if (auto read = read_keys(spec, *json); !read)
    return base::fail(std::move(read.error()));
  if (auto good = check(spec); !good)
    return base::fail(std::move(good.error()));
  return spec;
}

std::string name_in(std::string_view text) {
  auto json = base::parse_json(text, {.bytes = size_t{4} << 20, .depth = 8});
  if (!json || !json->is_object() || !json->contains("name")) return {};
  const auto& name = json->at("name");
  return name.is_string() ? name.get<std::string>() : std::string();
}

std::string print_spec(const AppSpec& spec) {
  const AppSpec defaults;
  Json json;
  for (const auto& key : keys()) {
    Json value = key.write(spec);
    if (key.name != "name" && value == key.write(defaults)) continue;
    Json* at = &json;
    std::string_view left = key.name;
    for (auto dot = left.find('.'); dot != left.npos; dot = left.find('.')) {
      at = &(*at)[std::string(left.substr(0, dot))];
      left.remove_prefix(dot + 1);
    }
    (*at)[std::string(left)] = std::move(value);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> changed_keys(const AppSpec& from, const AppSpec& to) {
  std::vector<std::string> changed;
  for (const auto& key : keys()) {
    // What the files of the environment say is in env.
    if (key.name == "env" || key.name == "env_file" ||
        key.name == "instances" || is_internal(key.name))
      continue;
    if (key.write(from) != key.write(to)) changed.emplace_back(key.name);
  }
  if (declared_env(from) != declared_env(to)) changed.emplace_back("env");
  return changed;
}

bool applies_live(const std::vector<std::string>& changed) {
  return std::ranges::all_of(changed, [](const auto& name) {
    const auto* fact = find_fact(name);
    return fact != nullptr && fact->applies == Applies::Live;
  });
}

std::vector<std::string> all_changed_keys(const AppSpec& from,
                                          const AppSpec& to) {
  auto changed = changed_keys(from, to);
  std::erase(changed, "env");  // each variable by its own name
  if (from.instances != to.instances) changed.emplace_back("instances");
  const auto add_missing = [&](const auto& names, const auto& others,
                               bool differing) {
    for (const auto& [name, value] : names) {
      const auto other = others.find(name);
      if (other == others.end() || (differing && other->second != value))
        changed.push_back("env." + name);
    }
  };
  const auto before = environment_of(from);
  const auto now = environment_of(to);
  add_missing(now, before, true);
  add_missing(before, now, false);
  return changed;
}

std::vector<SpecSetting> settings_of(const AppSpec& spec) {
  const AppSpec defaults;
  std::vector<SpecSetting> settings;
  for (const auto& key : keys()) {
    if (key.name == "env" || is_internal(key.name)) continue;
    Json value = key.write(spec);
    if (key.name == "notify")
      for (auto& rule : value)
        if (rule.contains("webhook"))
          rule["webhook"] = masked_webhook(rule["webhook"].get<std::string>());
    settings.push_back(
        {std::string(key.name),
         value.is_string() ? value.get<std::string>() : value.dump(),
         value == key.write(defaults)});
  }
  return settings;
}

}  // namespace config
