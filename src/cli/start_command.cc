#include "cli/start_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/eprint.h"
#include "base/fs.h"
#include "base/target.h"
#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/daemon_end.h"
#include "cli/daemon_start.h"
#include "cli/declared_apps.h"
#include "cli/definition.h"
#include "cli/file_targets.h"
#include "cli/json_views.h"
#include "cli/report.h"
#include "cli/startup_command.h"
#include "cli/text_cells.h"
#include "cli/views.h"
#include "config/app_spec.h"
#include "store/catalog.h"

namespace cli {
namespace {

using base::Errc;
using std::chrono::milliseconds;

int exit_code_of(const base::Error& error) {
  return error.code == Errc::Invalid ? kUsage : kFailed;
}

// What is to be sent, and what there is to say of it.
struct Asked {
  control::StartRequest request;
  DeclaredApps declared;
};

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
  auto reply =
      control::ask(invocation.home,
                   control::ListRequest{.selection = {}, .brief = true}, {});
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

// Sorts the words into apps that exist, new ones, and files that declare some.
struct Plan {
  std::vector<std::string> known;
  std::vector<std::string> changed;  // names of known apps that flags change
  std::vector<Script> scripts;
  std::vector<std::string> files;
};

// Where the caller is; empty when that is gone and every word may be an app
// that is known, which has a directory of its own.
base::Result<std::string> start_dir(const Args& args) {
  auto dir = base::fs::current_dir();
  const bool names_alone =
      !args.words.empty() && !has_definition_flags(args) &&
      std::ranges::none_of(args.words, [](const auto& word) {
        return word == "-" || config::is_config_name(word);
      });
  if (!dir && names_alone) return std::string();
  return dir;
}

// As --name or --set say it; empty when they don't.
std::string new_name(const StartSettings& settings) {
  std::string name = settings.name;
  for (const auto& setting : settings.set)
    if (setting.key == "name") name = config::name_in(setting.json);
  return name;
}

std::expected<Plan, int> make_plan(const Invocation& invocation,
                                   const StartSettings& settings,
                                   const std::string& caller_dir) {
  const ScriptSearch search{.cwd = settings.cwd,
                            .caller_dir = caller_dir,
                            .path = program_path(),
                            .interpreter_given = !settings.interpreter.empty()};
  const auto name = new_name(settings);
  const bool has_flags = has_definition_flags(invocation.args);
  std::optional<Candidates> apps;  // asked for once
  Plan plan;
  if (invocation.args.words.empty()) {
    auto usual = config::find_config_file(caller_dir);
    if (!usual)
      return std::unexpected(report(invocation, usual.error(), kUsage));
    plan.files.push_back(std::move(*usual));
  }
  for (const auto& word : invocation.args.words) {
    if (word == "-" || is_config_target(word, caller_dir)) {
      plan.files.push_back(word);
      continue;
    }
    // A plain word is an app that lodge knows before it is a file; under a
    // name that is given it is something to run.
    if ((name.empty() || name == word) &&
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
      if (const auto meant = base::resolve_targets(one, {}, *apps);
          !apps->empty() && meant) {
        if (!has_flags) plan.known.push_back(word);
        for (const size_t i : *meant)
          if (const auto& app = (*apps)[i].app;
              has_flags && std::ranges::count(plan.changed, app) == 0)
            plan.changed.push_back(app);
        continue;
      }
    }
    if (caller_dir.empty())
      if (auto here = base::fs::current_dir(); !here)
        return std::unexpected(report(invocation, here.error(), kFailed));
    auto script = find_script(word, search);
    if (!script)
      return std::unexpected(report(invocation, script.error(), kFailed));
    plan.scripts.push_back(std::move(*script));
  }
  return plan;
}

// Flags that say something of files, where there are none.
base::Status check_file_flags(const Args& args, const Plan& plan) {
  if (!plan.files.empty()) return {};
  for (const auto* flag : {"only", "prune"})
    if (args.has(flag))
      return base::fail(
          Errc::Invalid,
          fmt::format("--{}: no configuration file is named", flag),
          "for example: lodge start lodge.config.json");
  if (args.has("env") && plan.known.empty() && plan.changed.empty())
    return base::fail(
        Errc::Invalid, "--env: only a configuration has environments by name",
        "one variable: --set env.NAME=value; a file of them: --env-file FILE");
  return {};
}

std::expected<Asked, int> make_request(const Invocation& invocation) {
  const Args& args = invocation.args;
  auto caller_dir = start_dir(args);
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
  Asked asked;
  asked.declared.warnings = settings->warnings;
  auto& request = asked.request;
  if (const auto wait = args.value("wait")) {
    auto time = base::parse_duration(*wait);
    if (!time)
      return std::unexpected(report(
          invocation, std::move(time.error()).with_context("--wait"), kUsage));
    request.wait_ms = time->count();
  }
  auto plan = make_plan(invocation, *settings, *caller_dir);
  if (!plan) return std::unexpected(plan.error());
  if (auto good = check_file_flags(args, *plan); !good)
    return std::unexpected(report(invocation, good.error(), kUsage));
  for (const auto& file : plan->files)
    if (auto declared =
            declare_apps(file, args, *settings, *caller_dir, asked.declared);
        !declared)
      return std::unexpected(report(invocation, declared.error(), kUsage));
  request.definitions = asked.declared.definitions;
  for (const auto& script : plan->scripts) {
    auto definition = make_definition(*settings, script);
    if (!definition)
      return std::unexpected(report(invocation, definition.error(),
                                    exit_code_of(definition.error())));
    request.definitions.push_back(std::move(*definition));
  }
  for (const auto& app : plan->changed) {
    auto definition =
        make_change(*settings, app, args.value("env").value_or(""));
    if (!definition)
      return std::unexpected(report(invocation, definition.error(),
                                    exit_code_of(definition.error())));
    request.definitions.push_back(std::move(*definition));
  }
  request.known.targets = std::move(plan->known);
  request.wait = !args.has("no-wait");
  request.dry_run = args.has("dry-run");
  request.update_env = args.has("update-env");
  if (request.update_env || !request.definitions.empty())
    request.env = app_environment(environ);
  if (!request.known.targets.empty())
    request.variant = args.value("env").value_or("");
  if (args.has("prune")) {
    request.prune = asked.declared.files;
    request.keep = asked.declared.all_names;
  }
  return asked;
}

bool is_ending(const base::Result<control::Reply>& reply) {
  if (!reply)
    return reply.error().code == Errc::Io ||
           reply.error().code == Errc::Unavailable;
  const auto* refused = std::get_if<control::ErrorReply>(&*reply);
  return refused != nullptr && refused->ending;
}

// What would be done where no daemon is: everything.
control::OutcomesReply plan_without_daemon(const Invocation& invocation,
                                           const Asked& asked) {
  control::OutcomesReply plan;
  const auto recorded = recorded_apps(invocation.home);
  for (const auto& definition : asked.request.definitions) {
    auto& row = plan.outcomes.emplace_back();
    row.app = config::name_in(definition);
    const bool known =
        recorded &&
        std::ranges::count(*recorded, row.app, &base::TargetCandidate::app) > 0;
    row.action = known ? "would start" : "would start (new)";
  }
  for (const auto& word : asked.request.known.targets) {
    auto& row = plan.outcomes.emplace_back();
    row.app = word;
    row.action = "would start";
  }
  return plan;
}

int show_plan(const Invocation& invocation, const Asked& asked) {
  auto reply = control::ask(invocation.home, asked.request,
                            {.command = invocation.line}, {});
  control::OutcomesReply plan;
  if (!reply && reply.error().code == Errc::Unavailable) {
    plan = plan_without_daemon(invocation, asked);
  } else {
    auto told =
        expect_reply<control::OutcomesReply>(invocation, std::move(reply));
    if (!told) return told.error();
    plan = std::move(*told);
  }
  say(invocation, invocation.json ? outcomes_json(plan.outcomes)
                                  : outcomes_view(plan.outcomes));
  return kDone;
}

// Said where it matters: when an app is new under that name.
void tell_renamed(const DeclaredApps& declared,
                  const control::OutcomesReply& reply) {
  for (const auto& [theirs, ours] : declared.renamed)
    for (const auto& outcome : reply.outcomes) {
      if (outcome.app != ours || outcome.action != "started") continue;
      base::eprint(
          "lodge: start: {}: here it is {}; the old name is understood "
          "in commands\n",
          printable(theirs), ours);
      break;
    }
}

int carry_out_start(const Invocation& invocation, const Asked& asked,
                    const AfterStart& then) {
  auto warnings = asked.declared.warnings;
  for (const auto& definition : asked.request.definitions)
    std::ranges::move(missing_places(definition), std::back_inserter(warnings));
  for (const auto& warning : warnings)
    base::eprint("lodge: {}: {}\n", invocation.command.name,
                 printable(warning));
  if (asked.request.dry_run) return show_plan(invocation, asked);
  constexpr int kTries = 3;
  for (int tries = 1;; ++tries) {
    if (auto running = ensure_daemon(invocation.home); !running)
      return report(invocation, running.error(), kFailed);
    const DaemonEnd end(invocation.home);
    auto reply =
        control::ask(invocation.home, asked.request,
                     {.command = invocation.line}, {.while_alive = true});
    // A kill is at work and leaves a home without a daemon, or the daemon was
    // replaced. To start again what was started already changes nothing.
    if (is_ending(reply) && tries < kTries) {
      (void)end.wait();
      continue;
    }
    auto outcomes =
        expect_reply<control::OutcomesReply>(invocation, std::move(reply));
    if (!outcomes) return outcomes.error();
    if (then)
      if (auto more = then(*outcomes); !more) return more.error();
    const int exit = show_outcomes(
        invocation, *outcomes, invocation.json ? "" : boot_hint(invocation));
    tell_renamed(asked.declared, *outcomes);
    return exit;
  }
}

}  // namespace

int run_start(const Invocation& invocation) {
  return run_start_and(invocation, {});
}

int run_start_and(const Invocation& invocation, const AfterStart& then) {
  auto asked = make_request(invocation);
  if (!asked) return asked.error();
  return carry_out_start(invocation, *asked, then);
}

int restart_files(const Invocation& invocation,
                  const std::vector<std::string>& files) {
  auto caller_dir = dir_of_targets(files);
  if (!caller_dir) return report(invocation, caller_dir.error(), kFailed);
  Asked asked;
  StartSettings nothing;
  nothing.cwd = *caller_dir;
  for (const auto& file : files)
    if (auto declared = declare_apps(file, invocation.args, nothing,
                                     *caller_dir, asked.declared);
        !declared)
      return report(invocation, declared.error(), kUsage);
  auto& request = asked.request;
  request.definitions = asked.declared.definitions;
  request.wait = !invocation.args.has("no-wait");
  request.update_env = invocation.args.has("update-env");
  request.restart = true;
  request.env = app_environment(environ);
  return carry_out_start(invocation, asked, {});
}

}  // namespace cli
