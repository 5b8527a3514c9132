#include "cli/settings_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/settings.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace cli {
namespace {

int exit_of(const base::Error& error) {
  return error.code == base::Errc::Io ? kFailed : kUsage;
}

std::string shown(const base::SettingKey& key, const base::Settings& settings) {
  auto value = key.print(settings);
  return value.empty() ? "automatic" : value;
}

}  // namespace

int run_set(const Invocation& invocation) {
  const auto path = invocation.home.path("settings.json");
  if (auto made = invocation.home.make(); !made)
    return report(invocation, made.error(), kFailed);
  auto stored = base::store_setting(path, invocation.args.words[0],
                                    invocation.args.words[1]);
  if (!stored)
    return report(invocation, stored.error(), exit_of(stored.error()));
  return kDone;
}

int run_get(const Invocation& invocation) {
  const auto path = invocation.home.path("settings.json");
  auto settings = base::load_settings(path);
  if (!settings)
    return report(invocation, settings.error(), exit_of(settings.error()));
  const auto& words = invocation.args.words;
  if (!words.empty())
    if (auto known = base::given_setting(path, words[0]); !known)
      return report(invocation, known.error(), exit_of(known.error()));
  std::string text;
  for (const auto& key : base::setting_keys()) {
    if (!words.empty() && words[0] != key.name) continue;
    const auto given = base::given_setting(path, key.name);
    const bool is_given = given && *given;
    if (invocation.json) {
      const nlohmann::ordered_json json{
          {"v", 1},
          {"key", key.name},
          {"value", key.print(*settings)},
          {"source", is_given ? "given" : "default"},
          {"meaning", key.meaning}};
      text += json.dump() + "\n";
    } else if (!words.empty()) {
      text += shown(key, *settings) + "\n";
    } else {
      text += fmt::format("{:<16} {:<10} {:<8} {}\n", key.name,
                          shown(key, *settings), is_given ? "given" : "default",
                          key.meaning);
    }
  }
  say(invocation, text);
  return kDone;
}

}  // namespace cli
