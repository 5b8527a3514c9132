#include "cli/keep_flags.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "config/keys.h"

namespace cli {
namespace {

// Values that are taken as they are: the key's own reading checks them.
constexpr std::array kPlain = {
    std::pair{"kill-signal", "kill_signal"},
    std::pair{"errored-retry", "errored_retry"},
    std::pair{"exp-backoff-restart-delay", "exp_backoff_restart_delay"},
    std::pair{"cron", "cron_restart"},
    std::pair{"cron-restart", "cron_restart"},
    std::pair{"cron-tz", "cron_tz"},
    std::pair{"watch-delay", "watch_delay"},
    std::pair{"max-memory-restart", "max_memory_restart"},
    std::pair{"pid", "pid_file"}};

std::vector<std::string> parts_of(std::string_view text,
                                  std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

base::Status read_keep_flags(const Args& args, nlohmann::ordered_json& json) {
  nlohmann::ordered_json said = nlohmann::ordered_json::object();
  for (const auto& [flag, key] : kPlain)
    if (const auto value = args.value(flag)) said[key] = *value;
  for (const auto& [flag, key] : {std::pair{"no-treekill", "treekill"},
                                  std::pair{"no-autostart", "autostart"}})
    if (args.has(flag)) said[key] = false;
  if (args.has("watch")) {
    auto paths = parts_of(args.value("watch").value_or(""), ",");
    // PM2's words for it.
    const bool word =
        paths.size() == 1 && (paths[0] == "true" || paths[0] == "false");
    if (paths.empty() || word)
      said["watch"] = paths.empty() || paths[0] == "true";
    else
      said["watch"] = std::move(paths);
  }
  std::vector<std::string> ignored;
  for (const auto& value : args.values("ignore-watch"))
    std::ranges::move(parts_of(value, ", "), std::back_inserter(ignored));
  if (!ignored.empty()) said["ignore_watch"] = std::move(ignored);
  config::AppSpec trial;
  if (auto good = config::read_keys(trial, said); !good) return good;
  json.update(said);
  return {};
}

}  // namespace cli
