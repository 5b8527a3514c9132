#include "cli/set_flag.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/target.h"
#include "config/file_apps.h"
#include "config/json_reader.h"
#include "config/key_facts.h"

namespace cli {
namespace {

using base::Errc;
using base::Result;
using config::Value;
using Json = nlohmann::ordered_json;

// What faults of a file name instead of it.
constexpr std::string_view kWhere = "--set";

Value text_value(const std::string& text) {
  return {.kind = Value::Kind::Text, .text = text};
}

// Lines of a flag's value say nothing to who typed it.
void forget_places(Value& value) {
  value.at = {};
  for (auto& item : value.items) forget_places(item);
  for (auto& member : value.members) {
    member.at = {};
    forget_places(member.value);
  }
}

Result<Value> value_from(const std::string& text) {
  if (!base::is_json(text)) return text_value(text);
  auto value = config::read_json({std::string(kWhere), text});
  if (value) forget_places(*value);
  return value;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (;;) {
    const auto dot = path.find('.');
    parts.emplace_back(path.substr(0, dot));
    if (dot == path.npos) return parts;
    path.remove_prefix(dot + 1);
  }
}

// env_NAME, and no key that begins so.
bool is_variant(const std::string& head) {
  return head.starts_with("env_") && config::find_fact(head) == nullptr;
}

Value nested(const std::vector<std::string>& parts, Value value) {
  for (size_t i = parts.size(); i-- > 0;) {
    Value map{.kind = Value::Kind::Map};
    map.members.push_back(
        {.key = parts[i], .at = {}, .value = std::move(value)});
    value = std::move(map);
  }
  return value;
}

// What a file would make of an app that says this alone.
Result<Setting> as_in_file(const std::vector<std::string>& path, Value value,
                           const std::string& dir,
                           std::vector<std::string>& warnings) {
  Setting setting;
  setting.key = fmt::to_string(fmt::join(path, "."));
  // An alias may stand for a section: `log` is a file, too.
  if (!value.is(Value::Kind::Map)) setting.key = config::unaliased(setting.key);
  if (setting.key == "name_prefix") {
    setting.name_prefix = value.text;
    setting.json = "{}";
    return setting;
  }
  const auto parts = parts_of(setting.key);
  const bool is_null = value.is(Value::Kind::Null);
  Value app = nested(parts, std::move(value));
  const bool is_script = setting.key == "script";
  if (!is_script)
    app.members.push_back(
        {.key = "script", .at = {}, .value = text_value("/")});
  Value root = nested({"apps"}, std::move(app));
  auto read = config::read_file_apps(
      {config::Document(std::string(kWhere), ""), std::move(root), "", dir},
      {});
  if (!read) return base::fail(std::move(read.error()));
  std::ranges::move(read->warnings, std::back_inserter(warnings));
  const auto& made = read->apps.front();
  Json json = Json::parse(made.settings);
  if (!is_script) json.erase("script");
  if (setting.key == "cwd") json["cwd"] = made.cwd;
  // What is null is the default, whatever the app had.
  if (is_null && json.empty() && config::find_fact(setting.key) != nullptr) {
    Json* at = &json;
    for (const auto& part : parts) at = &(*at)[part];
  }
  const bool variant = is_variant(parts.front());
  setting.head = variant ? "env_variants" : parts.front();
  setting.depth = parts.size() + (variant ? 1 : 0);
  setting.json = json.dump();
  return setting;
}

bool lay_over(Json& to, const Json& from, size_t depth) {
  if (depth <= 1 || !from.is_object()) {
    to = from;
    return true;
  }
  if (to.is_null()) to = Json::object();
  if (!to.is_object()) return false;
  for (const auto& [name, value] : from.items())
    if (!lay_over(to[name], value, depth - 1)) return false;
  return true;
}

}  // namespace

Result<Setting> read_set_flag(const std::string& text, const std::string& dir,
                              std::vector<std::string>& warnings) {
  const auto equals = text.find('=');
  const std::string path = text.substr(0, equals);
  if (equals == text.npos || path.empty())
    return base::fail(Errc::Invalid,
                      fmt::format("--set: '{}' is not key=value", text),
                      "for example: --set log.max_size=10M");
  const auto parts = parts_of(path);
  if (std::ranges::count(parts, "") > 0)
    return base::fail(Errc::Invalid,
                      fmt::format("--set: {}: a name is missing", path));
  const std::string word = text.substr(equals + 1);
  // Variables are text, whatever they look like.
  if (parts.size() > 1 && (parts.front() == "env" || is_variant(parts.front())))
    return as_in_file(parts, text_value(word), dir, warnings);
  auto value = value_from(word);
  if (!value) return base::fail(std::move(value.error()));
  const bool may_be_text =
      value->is(Value::Kind::Bool) || value->is(Value::Kind::Number);
  auto setting = as_in_file(parts, std::move(*value), dir, warnings);
  if (setting || !may_be_text) return setting;
  // In a file it would stand in quotes, which a shell takes away.
  auto as_text = as_in_file(parts, text_value(word), dir, warnings);
  return as_text ? as_text : setting;
}

base::Status apply_setting(Json& json, const Setting& setting) {
  const Json settings = Json::parse(setting.json);
  for (const auto& [name, value] : settings.items()) {
    // Beside its own key it may set variables, or one of the log's.
    constexpr size_t kBeside = 2;
    if (!lay_over(json[name], value,
                  name == setting.head ? setting.depth : kBeside))
      return base::fail(
          Errc::Invalid,
          fmt::format("--set: {}: {} has a value that is no object",
                      setting.key, name));
  }
  if (!setting.name_prefix.empty() && json.contains("name"))
    json["name"] = base::app_name_from(setting.name_prefix +
                                       json["name"].get<std::string>());
  return {};
}

}  // namespace cli
