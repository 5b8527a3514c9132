#include "base/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"
#include "base/target.h"
#include "base/units.h"

namespace base {
namespace {

using Given = std::map<std::string, std::string, std::less<>>;

Status read_free(Settings& settings, std::string_view text) {
  if (text.ends_with('%')) {
    double percent = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [at, error] = std::from_chars(text.data(), end, percent);
    if (error != std::errc{} || at != end || !(percent >= 0 && percent < 100))
      return fail(Errc::Invalid, fmt::format("{} is no share", text),
                  "from 0% to 99%");
    settings.keep_free_share = percent / 100;
    settings.keep_free.reset();
    return {};
  }
  auto bytes = parse_size(text);
  if (!bytes) return fail(std::move(bytes.error()));
  settings.keep_free = *bytes;
  return {};
}

std::string print_free(const Settings& settings) {
  return settings.keep_free
             ? exact_size(*settings.keep_free)
             : fmt::format("{}%", settings.keep_free_share * 100);
}

std::vector<SettingKey> make_keys() {
  return {
      {"logs.cap", "what all logs on a file system may take",
       [](Settings& settings, std::string_view text) -> Status {
         auto bytes = parse_size(text);
         if (!bytes) return fail(std::move(bytes.error()));
         if (*bytes < uint64_t{16} << 20)
           return fail(Errc::Invalid, "less than 16M",
                       "logs need some room: 200M, 4G");
         settings.logs_cap = *bytes;
         return {};
       },
       [](const Settings& settings) {
         return settings.logs_cap ? exact_size(*settings.logs_cap)
                                  : std::string();
       }},
      {"logs.keep_free", "what retention leaves free of a file system",
       read_free, print_free},
      {"logs.keep_gone", "how long the logs of a deleted app are kept",
       [](Settings& settings, std::string_view text) -> Status {
         if (!has_unit(text))
           return fail(Errc::Invalid, fmt::format("'{}' has no unit", text),
                       "times are written 30d, 12h, 2w");
         auto time = parse_duration(text);
         if (!time) return fail(std::move(time.error()));
         settings.keep_gone = *time;
         return {};
       },
       [](const Settings& settings) {
         return exact_duration(settings.keep_gone);
       }},
      {"logs.follow", "whether `lodge logs` follows without -f",
       [](Settings& settings, std::string_view text) -> Status {
         if (text != "true" && text != "false")
           return fail(Errc::Invalid, fmt::format("'{}' is neither", text),
                       "true or false");
         settings.logs_follow = text == "true";
         return {};
       },
       [](const Settings& settings) {
         return std::string(settings.logs_follow ? "true" : "false");
       }},
      // What is in it is for whoever knows rules.
      {"notify", "whom to tell what of any app (docs/notify.md)",
       [](Settings& settings, std::string_view text) -> Status {
         auto json = parse_json(text);
         if (!json) return fail(std::move(json.error()));
         settings.notify = text;
         return {};
       },
       [](const Settings& settings) { return settings.notify; }},
  };
}

Result<const SettingKey*> find_key(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& key : setting_keys()) {
    if (key.name == name) return &key;
    known.emplace_back(key.name);
  }
  const auto nearest = nearest_word(name, known);
  return fail(Errc::NotFound, fmt::format("{}: no such setting", name),
              nearest.empty()
                  ? fmt::format("they are: {}", fmt::join(known, ", "))
                  : fmt::format("did you mean {}?", nearest));
}

Result<Given> load_given(const std::string& path) {
  auto text = fs::read_file(path, size_t{1} << 20);
  if (!text) {
    if (text.error().code == Errc::NotFound) return Given{};
    return pass(std::move(text), "settings");
  }
  auto json = parse_json(*text);
  if (!json) return pass(std::move(json), "settings " + path);
  Given given;
  if (json->is_object())
    for (const auto& [name, value] : json->items())
      given[name] =
          value.is_string() ? value.get<std::string>() : print_json(value);
  return given;
}

}  // namespace

const std::vector<SettingKey>& setting_keys() {
  static const std::vector<SettingKey> all = make_keys();
  return all;
}

Result<Settings> load_settings(const std::string& path) {
  auto given = load_given(path);
  if (!given) return fail(std::move(given.error()));
  Settings settings;
  for (const auto& [name, value] : *given) {
    auto key = find_key(name);
    // A newer Lodge may have written it.
    if (!key) continue;
    if (auto read = (*key)->read(settings, value); !read)
      return pass(std::move(read), fmt::format("{}: {}", path, name));
  }
  return settings;
}

Result<std::optional<std::string>> given_setting(const std::string& path,
                                                 std::string_view key) {
  auto known = find_key(key);
  if (!known) return fail(std::move(known.error()));
  auto given = load_given(path);
  if (!given) return fail(std::move(given.error()));
  const auto at = given->find(key);
  if (at == given->end()) return std::nullopt;
  return at->second;
}

Status store_setting(const std::string& path, std::string_view key,
                     std::string_view value) {
  auto known = find_key(key);
  if (!known) return fail(std::move(known.error()));
  Settings scratch;
  if (!value.empty())
    if (auto read = (*known)->read(scratch, value); !read)
      return pass(std::move(read), std::string(key));
  auto given = load_given(path);
  if (!given) return fail(std::move(given.error()));
  if (value.empty())
    given->erase(std::string(key));
  else
    (*given)[std::string(key)] = value;
  const nlohmann::json json(*given);
  return fs::replace_file(path, json.dump(1) + "\n");
}

}  // namespace base
