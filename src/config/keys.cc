#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/target.h"
#include "config/key_tables.h"

namespace config {
namespace {

std::vector<Key> all_keys() {
  std::vector<Key> all;
  for (auto* table :
       {app_keys, restart_keys, ready_keys, env_keys, log_keys, notify_keys})
    for (auto& key : table()) all.push_back(std::move(key));
  return all;
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(keys(), [&](const Key& key) {
    return key.name.starts_with(name) && key.name.size() > name.size() &&
           key.name[name.size()] == '.';
  });
}

// Not everyone knows in which section a key lies.
std::string same_last_word(std::string_view name) {
  const auto last = [](std::string_view text) {
    return text.substr(text.rfind('.') + 1);
  };
  for (const auto& key : keys())
    if (key.name.find('.') != name.npos && last(key.name) == last(name))
      return std::string(key.name);
  return {};
}

std::unexpected<base::Error> unknown_key(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& key : keys()) known.emplace_back(key.name);
  std::string nearest(base::nearest_word(name, known));
  if (nearest.empty()) nearest = same_last_word(name);
  return base::fail(
      base::Errc::Invalid, fmt::format("{}: no such setting", name),
      nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

std::unexpected<base::Error> bad_value(std::string_view name,
                                       const nlohmann::json& value) {
  // The environment holds secrets: it is never shown.
  if (name == "env" || name == "inherited_env" || name == "env_variants")
    return base::fail(base::Errc::Invalid,
                      fmt::format("{}: not all values are text", name));
  return base::fail(base::Errc::Invalid,
                    fmt::format("{}: {} is not a valid value", name,
                                base::print_json(value).substr(0, 80)));
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> all = all_keys();
  return all;
}

base::Status read_key(const Key& key, AppSpec& spec,
                      const nlohmann::json& value) try {
  const nlohmann::json given =
      value.is_null() ? nlohmann::json(key.write(AppSpec{})) : value;
  if (auto read = key.read(spec, given); !read)
    return base::pass(std::move(read), key.name);
  return {};
} catch (const std::exception&) {
  return bad_value(key.name, value);
}

// pm2-logrotate's names of our settings; an empty one has no use here.
std::string_view ours(std::string_view name) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr Pair kNames[] = {{"log.rotateInterval", "log.rotate"},
                                    {"log.TZ", "log.tz"},
                                    {"log.workerInterval", ""},
                                    {"log.dateFormat", ""}};
  for (const auto& [theirs, our] : kNames)
    if (theirs == name) return our;
  return name;
}

base::Status read_keys(AppSpec& spec, const nlohmann::json& json,
                       const std::string& section) {
  for (const auto& [name, value] : json.items()) {
    std::string full(ours(section + name));
    if (full.empty()) continue;
    if (full == "log.retain" && !value.is_object()) full = "log.retain.count";
    const auto known = std::ranges::find(keys(), full, &Key::name);
    base::Status read;
    if (known != keys().end())
      read = read_key(*known, spec, value);
    else if (!is_section(full))
      return unknown_key(full);
    else if (!value.is_object())
      return bad_value(full, value);
    else
      read = read_keys(spec, value, full + ".");
    if (!read) return read;
  }
  return {};
}

}  // namespace config
