#include "cli/pm2_words.h"

#include <algorithm>
#include <array>

namespace cli {
namespace {

constexpr std::string_view kPaid = "a paid service of PM2's; lodge has no such";
constexpr std::string_view kModules =
    "lodge has no modules: rotation, retention and search are built in";
constexpr std::string_view kGit = "git pull && lodge restart APP";
constexpr std::string_view kServe =
    "lodge start \"python3 -m http.server 8080\" --name web";
constexpr std::string_view kSettings = "lodge get [KEY], lodge set KEY VALUE";
constexpr std::string_view kProfile = "node --cpu-prof, node --heap-prof";

struct Row {
  std::string_view word;
  std::string_view instead;
};
constexpr auto kRows = std::to_array<Row>({
    {"trigger", "lodge send APP LINE, or lodge sendSignal USR2 APP"},
    {"create", "lodge start app.js"},
    {"inspect", "lodge sendSignal USR1 APP, then: node inspect -p PID"},
    {"profile:mem", kProfile},
    {"profile:cpu", kProfile},
    {"install", kModules},
    {"uninstall", kModules},
    {"module:install", kModules},
    {"module:update", kModules},
    {"module:generate", kModules},
    {"module:uninstall", kModules},
    {"module:publish", kModules},
    {"package", kModules},
    {"publish", kModules},
    {"multiset", "lodge set KEY VALUE, once for each"},
    {"conf", kSettings},
    {"config", kSettings},
    {"unset", "lodge set KEY \"\" takes it back to its default"},
    {"link", kPaid},
    {"unlink", kPaid},
    {"monitor", kPaid},
    {"unmonitor", kPaid},
    {"open", kPaid},
    {"plus", kPaid},
    {"register", kPaid},
    {"login", kPaid},
    {"logout", kPaid},
    {"logrotate",
     "nothing to set up: lodge rotates by itself; now: lodge rotate"},
    {"slist", "lodge list --json"},
    {"sysinfos", "lodge list --json"},
    {"imonit", "lodge list --watch"},
    {"pull", kGit},
    {"forward", kGit},
    {"backward", "git checkout REV && lodge restart APP"},
    {"deepUpdate", "lodge update"},
    {"serve", kServe},
    {"expose", kServe},
    {"autoinstall", kModules},
    {"examples", "lodge help, lodge start --help"},
    {"install-otel", kModules},
    {"uninstall-otel", kModules},
});

constexpr std::string_view kNothingInjected =
    "leave it out: nothing is injected into the app";
constexpr std::string_view kNoDockerfiles =
    "no Dockerfile is made; in a container: lodge run SCRIPT";
constexpr std::string_view kNarrows =
    "the table narrows by itself; for scripts: lodge list --json";
constexpr std::string_view kWatchFlag =
    "lodge start APP --watch; off again: lodge start APP --watch=false";
constexpr std::string_view kAlwaysKept =
    "leave it out: the list is always kept";

struct FlagRow {
  std::string_view command;  // here; empty = any
  std::string_view flag;
  std::string_view instead;
};
constexpr auto kFlagRows = std::to_array<FlagRow>({
    {"", "--no-daemon", "lodge run SCRIPT"},
    {"", "--no-vizion", "leave it out: no version control is looked at"},
    {"", "--no-pmx", kNothingInjected},
    {"", "--no-automation", kNothingInjected},
    {"", "--trace", kNothingInjected},
    {"", "--disable-trace", kNothingInjected},
    {"", "--v8", kNothingInjected},
    {"", "--event-loop-inspector", kNothingInjected},
    {"", "--deep-monitoring", kNothingInjected},
    {"", "--source-map-support", "--node-args=--enable-source-maps"},
    {"", "--disable-source-map-support", kNothingInjected},
    {"", "--write", kAlwaysKept},
    {"start", "-w", kAlwaysKept},
    {"start", "--ext", "a pattern: --watch='*.js'"},
    {"start", "--attach", "lodge start APP && lodge logs APP -f"},
    {"startup", "--wait-ip", "leave it out: the unit waits for the network"},
    {"list", "-m", kNarrows},
    {"list", "--mini-list", kNarrows},
    {"restart", "--watch", kWatchFlag},
    {"reload", "--watch", kWatchFlag},
    {"", "--container", kNoDockerfiles},
    {"", "--dist", kNoDockerfiles},
    {"", "--image-name", kNoDockerfiles},
    {"", "--node-version", kNoDockerfiles},
    {"", "--fresh", kNoDockerfiles},
    {"", "--daemon", kNoDockerfiles},
    {"", "--dockerdaemon", kNoDockerfiles},
});

}  // namespace

std::string_view name_of_pm2s(std::string_view command) {
  if (command == "gracefulReload") return "reload";
  if (command == "startOrGracefulReload") return "startOrReload";
  if (command == "updatePM2") return "update";
  return command;
}

std::string_view instead_of_pm2s(std::string_view command) {
  const auto row = std::ranges::find(kRows, command, &Row::word);
  return row == kRows.end() ? std::string_view() : row->instead;
}

std::string_view instead_of_pm2s_flag(std::string_view command,
                                      std::string_view flag) {
  for (const auto& row : kFlagRows)
    if (row.flag == flag && (row.command.empty() || row.command == command))
      return row.instead;
  return {};
}

}  // namespace cli
