#include "cli/settings_command.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/settings.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "config/notify_rule.h"
#include "store/events.h"

namespace cli {
namespace {

int exit_of(const base::Error& error) {
  return error.code == base::Errc::Io ? kFailed : kUsage;
}

std::string shown(const base::SettingKey& key, const base::Settings& settings) {
  auto value = key.print(settings);
  return value.empty() ? "automatic" : value;
}

// The key, never the value.
void note_change(const Invocation& invocation) {
  store::Event event;
  event.kind = store::EventKind::Config;
  event.time = base::SystemClock().now();
  event.keys = {invocation.args.words[0]};
  const passwd* user = ::getpwuid(::geteuid());
  event.actor = user != nullptr ? user->pw_name : std::to_string(::geteuid());
  event.command = "lodge set " + invocation.args.words[0];
  (void)store::append_event(invocation.home.logs(), event);
}

}  // namespace

int run_set(const Invocation& invocation) {
  const auto path = invocation.home.path("settings.json");
  if (auto made = invocation.home.make(); !made)
    return report(invocation, made.error(), kFailed);
  const auto& words = invocation.args.words;
  if (words[0] == "notify" && !words[1].empty())
    if (auto rules = config::parse_notify(words[1]); !rules)
      return report(invocation, std::move(rules.error()).with_context("notify"),
                    kUsage);
  auto stored = base::store_setting(path, invocation.args.words[0],
                                    invocation.args.words[1]);
  if (!stored)
    return report(invocation, stored.error(), exit_of(stored.error()));
  note_change(invocation);
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
