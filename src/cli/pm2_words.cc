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

}  // namespace cli
