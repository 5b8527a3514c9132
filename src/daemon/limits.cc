#include "daemon/limits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>

namespace daemon_ {
namespace {

constexpr int kPeriodUs = 100'000;

}  // namespace

LimitPlan plan_limits(const config::Limits& limits,
                      const std::set<std::string>& controllers) {
  LimitPlan plan;
  const auto by_group = [&](std::string_view key, std::string file,
                            std::string value) {
    plan.how.emplace_back(key, file + " of its control group");
    plan.group.emplace_back(std::move(file), std::move(value));
  };
  const auto by_process = [&](std::string_view key, uint32_t resource,
                              std::string words, uint64_t value) {
    plan.how.emplace_back(key, std::move(words));
    plan.process.push_back({resource, value, value});
  };
  if (limits.memory && controllers.contains("memory")) {
    by_group("limits.memory", "memory.max", std::to_string(*limits.memory));
    // Its processes end together: a half of an app is of no use.
    plan.group.emplace_back("memory.oom.group", "1");
  } else if (limits.memory) {
    // Not RLIMIT_AS: node and Go reserve gigabytes that they never touch.
    by_process("limits.memory", RLIMIT_DATA,
               "RLIMIT_DATA of each process: no memory controller here",
               *limits.memory);
  }
  if (limits.cpu && controllers.contains("cpu"))
    by_group("limits.cpu", "cpu.max",
             fmt::format("{} {}",
                         std::max(1000L, std::lround(*limits.cpu * kPeriodUs)),
                         kPeriodUs));
  else if (limits.cpu)
    plan.how.emplace_back("limits.cpu", "not enforced: no cpu controller here");
  if (limits.nofile)
    by_process("limits.nofile", RLIMIT_NOFILE, "RLIMIT_NOFILE of each process",
               *limits.nofile);
  if (limits.nproc && controllers.contains("pids"))
    by_group("limits.nproc", "pids.max", std::to_string(*limits.nproc));
  else if (limits.nproc)
    by_process("limits.nproc", RLIMIT_NPROC,
               "RLIMIT_NPROC, over all processes of its user; root has none",
               *limits.nproc);
  if (limits.core)
    by_process("limits.core", RLIMIT_CORE, "RLIMIT_CORE of each process",
               *limits.core);
  return plan;
}

}  // namespace daemon_
