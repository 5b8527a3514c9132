#include <fmt/format.h>

#include <set>

#include "support/lines/checker.h"
#include "support/proc.h"

namespace support {
namespace {

bool has_role(const ProcessInfo& process, std::string_view role) {
  return process.argv.size() > 1 && process.argv[1] == role &&
         process.argv[0].ends_with("lodge");
}

}  // namespace

void check_processes(const std::string& home, const ExpectedProcesses& expected,
                     Report& report) {
  const auto all = processes_with_env("LODGE_HOME", home);
  size_t daemons = 0;
  size_t keepers = 0;
  std::set<pid_t> below;
  for (const auto& process : all) {
    if (has_role(process, "daemon")) ++daemons;
    if (!has_role(process, "keeper")) continue;
    ++keepers;
    below.insert(process.pid);
    for (const auto& child : descendants(process.pid)) below.insert(child.pid);
  }
  if (daemons != expected.daemons || keepers != expected.keepers)
    report.add(
        Breach::Daemons, home,
        fmt::format("{} daemons and {} keepers, expected {} and {}", daemons,
                    keepers, expected.daemons, expected.keepers));
  for (const auto& process : all)
    if (!below.contains(process.pid) && is_running(process.pid))
      report.add(Breach::Orphan, home, process.words());
}

}  // namespace support
