#include "cli/start_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/fs.h"
#include "base/target.h"
#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/daemon_end.h"
#include "cli/daemon_start.h"
#include "cli/definition.h"
#include "cli/report.h"
#include "cli/startup_command.h"
#include "store/catalog.h"

namespace cli {
namespace {

using base::Errc;
using std::chrono::milliseconds;

int exit_code_of(const base::Error& error) {
  return error.code == Errc::Invalid ? kUsage : kFailed;
}

using Candidates = std::vector<base::TargetCandidate>;

// What a daemon will know once it is started.
base::Result<Candidates> recorded_apps(const base::Home& home) {
  auto catalog = store::load_catalog(home.logs());
  if (!catalog) return base::fail(std::move(catalog.error()));
  Candidates apps;
  for (const auto& app : catalog->apps)
    for (const auto& instance : app.instances)
      if (!app.deleted && instance.id >= 0)
        apps.push_back({.id = instance.id,
                        .app = app.name,
                        .space = app.space,
                        .instance = instance.number});
  return apps;
}

// The apps of the daemon; when there is none, those it would bring back.
std::expected<Candidates, int> known_apps(const Invocation& invocation) {
  Candidates apps;
  auto reply = control::ask(invocation.home, control::ListRequest{}, {});
  if (!reply && reply.error().code == Errc::Unavailable) {
    auto recorded = recorded_apps(invocation.home);
    if (recorded) return std::move(*recorded);
    return std::unexpected(report(invocation, recorded.error(), kFailed));
  }
  if (!reply)
    return std::unexpected(report(invocation, reply.error(), kFailed));
  if (const auto* list = std::get_if<control::ListReply>(&*reply))
    for (const auto& row : list->instances)
      apps.push_back({.id = row.id,
                      .app = row.app,
                      .space = row.space,
                      .instance = row.instance});
  return apps;
}

// Sorts the words into apps that exist and new ones.
struct Plan {
  std::vector<std::string> known;
  std::vector<Script> scripts;
};

std::expected<Plan, int> make_plan(const Invocation& invocation,
                                   const StartSettings& settings,
                                   const std::string& caller_dir) {
  const char* path = std::getenv("PATH");
  const ScriptSearch search{
      .cwd = settings.cwd,
      .caller_dir = caller_dir,
      .path = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin",
      .interpreter_given = !settings.interpreter.empty()};
  const bool may_be_known = !has_definition_flags(invocation.args);
  std::optional<Candidates> apps;  // asked for once
  Plan plan;
  for (const auto& word : invocation.args.words) {
    // A plain word is an app that lodge knows before it is a file.
    if (may_be_known &&
        (word.find('/') == word.npos || !names_file(word, settings.cwd))) {
      if (!apps) {
        auto known = known_apps(invocation);
        if (!known) return std::unexpected(known.error());
        apps = std::move(*known);
      }
      const std::vector<std::string> one = {word};
      if (apps->empty() && word == "all")
        return std::unexpected(
            report(invocation,
                   {Errc::NotFound, 0, "all: there are no apps",
                    "start one: lodge start app.js"},
                   kFailed));
      if (!apps->empty() && base::resolve_targets(one, {}, *apps)) {
        plan.known.push_back(word);
        continue;
      }
    }
    auto script = find_script(word, search);
    if (!script)
      return std::unexpected(report(invocation, script.error(), kFailed));
    plan.scripts.push_back(std::move(*script));
  }
  return plan;
}

std::expected<control::StartRequest, int> make_request(
    const Invocation& invocation) {
  const Args& args = invocation.args;
  auto caller_dir = base::fs::current_dir();
  if (!caller_dir)
    return std::unexpected(report(invocation, caller_dir.error(), kFailed));
  auto settings = read_settings(args, *caller_dir);
  if (!settings)
    return std::unexpected(
        report(invocation, settings.error(), exit_code_of(settings.error())));
  if (!settings->name.empty() && args.words.size() > 1)
    return std::unexpected(
        report(invocation,
               {Errc::Invalid, 0, "--name: one name for several apps",
                "start them one by one; arguments of the app go after --"},
               kUsage));
  control::StartRequest request;
  if (const auto wait = args.value("wait")) {
    auto time = base::parse_duration(*wait);
    if (!time)
      return std::unexpected(report(
          invocation, std::move(time.error()).with_context("--wait"), kUsage));
    request.wait_ms = time->count();
  }
  auto plan = make_plan(invocation, *settings, *caller_dir);
  if (!plan) return std::unexpected(plan.error());
  const auto environment = app_environment(environ);
  for (const auto& script : plan->scripts) {
    auto definition = make_definition(*settings, script, environment);
    if (!definition)
      return std::unexpected(report(invocation, definition.error(), kUsage));
    request.definitions.push_back(std::move(*definition));
  }
  request.known.targets = std::move(plan->known);
  request.wait = !args.has("no-wait");
  request.update_env = args.has("update-env");
  if (request.update_env && !request.known.targets.empty())
    request.env = environment;
  return request;
}

bool is_ending(const base::Result<control::Reply>& reply) {
  if (!reply)
    return reply.error().code == Errc::Io ||
           reply.error().code == Errc::Unavailable;
  const auto* refused = std::get_if<control::ErrorReply>(&*reply);
  return refused != nullptr && refused->ending;
}

}  // namespace

int run_start(const Invocation& invocation) {
  auto request = make_request(invocation);
  if (!request) return request.error();
  constexpr int kTries = 3;
  for (int tries = 1;; ++tries) {
    if (auto running = ensure_daemon(invocation.home); !running)
      return report(invocation, running.error(), kFailed);
    const DaemonEnd end(invocation.home);
    auto reply =
        control::ask(invocation.home, *request, {.command = invocation.line},
                     {.while_alive = true});
    // A kill is at work and leaves a home without a daemon, or the daemon was
    // replaced. To start again what was started already changes nothing.
    if (is_ending(reply) && tries < kTries) {
      (void)end.wait();
      continue;
    }
    auto outcomes =
        expect_reply<control::OutcomesReply>(invocation, std::move(reply));
    if (!outcomes) return outcomes.error();
    return show_outcomes(invocation, *outcomes,
                         invocation.json ? "" : boot_hint(invocation));
  }
}

}  // namespace cli
