#include "supervisor/app_spec.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/target.h"
#include "base/units.h"

namespace supervisor {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr int kMaxInstances = 1024;

// Durations are numbers of milliseconds, or text with a unit.
milliseconds duration_from(const nlohmann::json& value) {
  if (value.is_number()) return milliseconds(value.get<int64_t>());
  auto parsed = base::parse_duration(value.get<std::string>());
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  return *parsed;
}

// One configuration key: how it is read, written and compared. The single list
// behind parsing, the app list, `describe` and "what changed".
struct Key {
  std::string_view name;
  std::function<void(AppSpec&, const nlohmann::json&)> read;
  std::function<Json(const AppSpec&)> write;
  bool is_duration = false;  // kept as milliseconds, shown with a unit
};

template <class T>
Key plain(std::string_view name, T AppSpec::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) {
            spec.*member = value.get<T>();
          },
          [member](const AppSpec& spec) { return Json(spec.*member); }};
}

// Text, or a number that means itself.
Key words(std::string_view name, std::string AppSpec::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) {
            spec.*member = value.is_number_unsigned()
                               ? std::to_string(value.get<uint64_t>())
                               : value.get<std::string>();
          },
          [member](const AppSpec& spec) { return Json(spec.*member); }};
}

Key duration(std::string_view name, milliseconds AppSpec::* member) {
  return {
      name,
      [member](AppSpec& spec, const nlohmann::json& value) {
        spec.*member = duration_from(value);
      },
      [member](const AppSpec& spec) { return Json((spec.*member).count()); }};
}

const std::vector<Key>& keys() {
  static const std::vector<Key> all = {
      plain("name", &AppSpec::name),
      plain("namespace", &AppSpec::space),
      plain("script", &AppSpec::script),
      plain("shell", &AppSpec::shell),
      plain("args", &AppSpec::args),
      plain("cwd", &AppSpec::cwd),
      plain("interpreter", &AppSpec::interpreter),
      plain("interpreter_args", &AppSpec::interpreter_args),
      plain("instances", &AppSpec::instances),
      words("uid", &AppSpec::uid),
      words("gid", &AppSpec::gid),
      plain("env", &AppSpec::env),
      plain("autorestart", &AppSpec::autorestart),
      plain("max_restarts", &AppSpec::max_restarts),
      duration("min_uptime", &AppSpec::min_uptime),
      duration("restart_delay", &AppSpec::restart_delay),
      duration("kill_timeout", &AppSpec::kill_timeout),
      plain("stop_exit_codes", &AppSpec::stop_exit_codes),
      plain("name_given", &AppSpec::name_given),
  };
  return all;
}

std::unexpected<base::Error> unknown_key(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& key : keys()) known.emplace_back(key.name);
  const auto nearest = base::nearest_word(name, known);
  return base::fail(
      base::Errc::Invalid, fmt::format("{}: no such setting", name),
      nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

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
  for (const auto value :
       {spec.min_uptime, spec.restart_delay, spec.kill_timeout})
    if (value.count() < 0 || value > std::chrono::days(365))
      return bad("durations are between 0 and a year");
  return {};
}

}  // namespace

base::Result<AppSpec> parse_spec(std::string_view text, const AppSpec& before) {
  auto json = base::parse_json(text, {.bytes = size_t{4} << 20, .depth = 8});
  if (!json) return base::pass(std::move(json), "definition");
  if (!json->is_object())
    return base::fail(base::Errc::Invalid, "definition: not an object");
  AppSpec spec = before;
  for (const auto& [name, value] : json->items()) {
    const auto known = std::ranges::find(keys(), name, &Key::name);
    if (known == keys().end()) return unknown_key(name);
    try {
      known->read(spec, value);
    } catch (const std::exception&) {
      return base::fail(base::Errc::Invalid,
                        fmt::format("{}: {} is not a valid value", name,
                                    base::print_json(value).substr(0, 80)));
    }
  }
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
  Json json;
  for (const auto& key : keys()) json[std::string(key.name)] = key.write(spec);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> changed_keys(const AppSpec& from, const AppSpec& to) {
  std::vector<std::string> changed;
  for (const auto& key : keys()) {
    if (key.name == "env" || key.name == "name_given" ||
        key.name == "instances")
      continue;
    if (key.write(from) != key.write(to)) changed.emplace_back(key.name);
  }
  return changed;
}

std::vector<SpecSetting> settings_of(const AppSpec& spec) {
  const AppSpec defaults;
  std::vector<SpecSetting> settings;
  for (const auto& key : keys()) {
    if (key.name == "env" || key.name == "name_given") continue;
    const Json value = key.write(spec);
    settings.push_back(
        {std::string(key.name),
         value.is_string() ? value.get<std::string>() : value.dump(),
         value == key.write(defaults)});
  }
  return settings;
}

}  // namespace supervisor
