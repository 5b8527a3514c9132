#include "cli/snapshot_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/fs.h"
#include "base/target.h"
#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/boot_service.h"
#include "cli/commands.h"
#include "cli/daemon_start.h"
#include "cli/report.h"

namespace cli {
namespace {

using base::Errc;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr std::string_view kDefaultName = "dump";  // as PM2 calls it
constexpr milliseconds kLongestWait{60'000};
constexpr milliseconds kPoll{50};
// Whoever calls a life stable after hours is not waited for that long.
constexpr milliseconds kLongestLook{2'000};

std::string snapshot_name(const Invocation& invocation) {
  const auto& words = invocation.args.words;
  return words.empty() ? std::string(kDefaultName) : words.front();
}

std::vector<std::string> known_snapshots(const base::Home& home) {
  constexpr std::string_view kEnding = ".json";
  std::vector<std::string> known;
  if (auto names = base::fs::list_dir(home.snapshots()); names)
    for (auto& name : *names) {
      if (!name.ends_with(kEnding) || name.starts_with('.')) continue;
      name.resize(name.size() - kEnding.size());
      known.push_back(std::move(name));
    }
  return known;
}

base::Error no_such_snapshot(const base::Home& home, const std::string& name) {
  const auto known = known_snapshots(home);
  const auto nearest = base::nearest_word(name, known);
  std::string hint =
      known.empty()
          ? fmt::format("make one: lodge save {}", name)
          : fmt::format("there {} {}", known.size() == 1 ? "is" : "are",
                        fmt::join(known, ", "));
  if (!nearest.empty()) hint = fmt::format("did you mean {}?", nearest);
  return {Errc::NotFound, 0,
          fmt::format("{}: no such snapshot in {}", name, home.snapshots()),
          std::move(hint)};
}

milliseconds least_life(const control::InstanceInfo& row) {
  for (const auto& setting : row.settings)
    if (setting.key == "min_uptime")
      if (const auto time = base::parse_duration(setting.value))
        return std::min(*time, kLongestLook);
  return kLongestLook;
}

// Up for good, down for good, or known to have failed.
bool has_settled(const control::InstanceInfo& row) {
  if (row.status == "online")
    return milliseconds(row.uptime_ms) >= least_life(row);
  return row.status != "launching";
}

// The list, once a daemon that was just started has brought it back, or when
// that takes too long.
std::expected<control::ListReply, int> wait_for_list(
    const Invocation& invocation, milliseconds most) {
  const auto deadline = Steady::now() + most;
  for (;;) {
    auto list = ask_for<control::ListReply>(invocation, control::ListRequest{});
    if (!list || Steady::now() >= deadline ||
        std::ranges::all_of(list->instances, has_settled))
      return list;
    std::this_thread::sleep_for(kPoll);
  }
}

// What became of an app that the daemon brought back by itself.
control::Outcome outcome_of(const control::InstanceInfo& row) {
  control::Outcome outcome;
  outcome.app = row.app;
  outcome.id = row.id;
  outcome.instance = row.instance;
  outcome.instances = row.instances;
  outcome.generation = row.generation;
  outcome.action = row.status == "stopped" ? "kept stopped" : "started";
  outcome.failed = row.status == "errored" || row.status == "waiting";
  if (outcome.failed) outcome.detail = row.reason;
  if (row.status == "launching") outcome.detail = "launching";
  if (row.started_at_ms > 0)
    outcome.started_at =
        base::format_stamp(base::Timestamp{row.started_at_ms * 1000});
  return outcome;
}

std::expected<milliseconds, int> longest_wait(const Invocation& invocation) {
  if (invocation.args.has("no-wait")) return milliseconds(0);
  const auto wait = invocation.args.value("wait");
  if (!wait) return kLongestWait;
  auto time = base::parse_duration(*wait);
  if (time) return *time;
  return std::unexpected(report(
      invocation, std::move(time.error()).with_context("--wait"), kUsage));
}

}  // namespace

int run_save(const Invocation& invocation) {
  const std::string name = snapshot_name(invocation);
  if (auto good = base::check_snapshot_name(name); !good)
    return report(invocation, good.error(), kUsage);
  auto saved = ask_for<control::SaveReply>(invocation,
                                           control::SaveRequest{.name = name});
  if (!saved) return saved.error();
  if (invocation.json) {
    const nlohmann::ordered_json json{{"v", 1},
                                      {"action", "saved"},
                                      {"name", name},
                                      {"apps", saved->apps},
                                      {"path", saved->path}};
    say(invocation, json.dump() + "\n");
    return kDone;
  }
  say(invocation,
      fmt::format("[lodge] saved {} app{} in {} (the list itself is always "
                  "kept, without save)\n",
                  saved->apps, saved->apps == 1 ? "" : "s", saved->path));
  return kDone;
}

int run_resurrect(const Invocation& invocation) {
  const bool named = !invocation.args.words.empty();
  const bool boot = invocation.args.has("boot");
  const std::string name = snapshot_name(invocation);
  if (auto good = base::check_snapshot_name(name); !good)
    return report(invocation, good.error(), kUsage);
  if (boot && named)
    return report(invocation,
                  {Errc::Invalid, 0, "--boot brings the list back, no snapshot",
                   "lodge resurrect --boot"},
                  kUsage);
  // Nothing is started for a slip of the finger.
  const bool has_snapshot =
      base::fs::exists(invocation.home.snapshot(name)) && !boot;
  if (named && !has_snapshot)
    return report(invocation, no_such_snapshot(invocation.home, name), kFailed);
  const auto most = longest_wait(invocation);
  if (!most) return most.error();
  BootService service(boot);
  const bool was_there = control::listener_pid(invocation.home).has_value();
  if (auto running = ensure_daemon(invocation.home); !running)
    return report(invocation, running.error(), kFailed);
  control::OutcomesReply all;
  if (!was_there || boot) {
    auto list = wait_for_list(invocation, *most);
    if (!list) return list.error();
    std::ranges::transform(list->instances, std::back_inserter(all.outcomes),
                           outcome_of);
  }
  if (has_snapshot) {
    auto more = ask_for<control::OutcomesReply>(
        invocation,
        control::ResurrectRequest{
            .name = name, .start_known = named, .wait = most->count() > 0},
        {.while_alive = true});
    if (!more) return more.error();
    for (auto& outcome : more->outcomes)
      if (was_there || outcome.action != "unchanged")
        all.outcomes.push_back(std::move(outcome));
  }
  if (auto ready = service.ready(invocation.home, all.outcomes); !ready)
    return report(invocation, ready.error(), kFailed);
  if (all.outcomes.empty() && !invocation.json)
    say(invocation, was_there && !has_snapshot
                        ? "[lodge] the daemon runs, and there is no snapshot\n"
                        : "[lodge] no apps to bring back\n");
  const int exit = show_outcomes(invocation, all);
  // The unit is up: apps that fail are what it looks after.
  return boot ? kDone : exit;
}

int run_cleardump(const Invocation& invocation) {
  const std::string name = snapshot_name(invocation);
  if (auto good = base::check_snapshot_name(name); !good)
    return report(invocation, good.error(), kUsage);
  const auto path = invocation.home.snapshot(name);
  const bool there = base::fs::exists(path);
  if (!there && !invocation.args.words.empty())
    return report(invocation, no_such_snapshot(invocation.home, name), kFailed);
  if (auto gone = base::fs::unlink(path); !gone)
    return report(invocation, gone.error(), kFailed);
  if (invocation.json) {
    const nlohmann::ordered_json json{
        {"v", 1}, {"action", there ? "removed" : "unchanged"}, {"path", path}};
    say(invocation, json.dump() + "\n");
  } else {
    say(invocation, there ? fmt::format("[lodge] removed {} (the list of apps "
                                        "is as it was)\n",
                                        path)
                          : fmt::format("[lodge] there is no {}\n", path));
  }
  return kDone;
}

}  // namespace cli
