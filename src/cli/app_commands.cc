#include "cli/app_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/definition.h"
#include "cli/failed_start.h"
#include "cli/file_targets.h"
#include "cli/json_views.h"
#include "cli/report.h"
#include "cli/start_command.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace cli {
namespace {

int carry_out(const Invocation& invocation, const control::Request& request) {
  auto reply = ask_for<control::OutcomesReply>(invocation, request,
                                               {.while_alive = true});
  if (!reply) return reply.error();
  return show_outcomes(invocation, *reply);
}

}  // namespace

control::Selection selection_of(const Invocation& invocation) {
  return {.targets = invocation.args.words,
          .exclude = invocation.args.values("exclude")};
}

int show_outcomes(const Invocation& invocation,
                  const control::OutcomesReply& reply, std::string_view note) {
  const bool failed = std::ranges::any_of(
      reply.outcomes, [](const auto& outcome) { return outcome.failed; });
  if (invocation.json) {
    say(invocation, outcomes_json(reply.outcomes));
    return failed ? kFailed : kDone;
  }
  say(invocation, outcomes_view(reply.outcomes));
  std::fflush(stdout);  // before what goes to stderr
  for (const auto& outcome : reply.outcomes)
    if (outcome.failed) report_failed(invocation, outcome);
  say(invocation, note);
  if (!invocation.silent) {
    // The daemon may have ended meanwhile; what was asked is done.
    auto list =
        control::ask(invocation.home,
                     control::ListRequest{.selection = {}, .brief = true}, {});
    const auto* rows = list ? std::get_if<control::ListReply>(&*list) : nullptr;
    if (rows != nullptr) {
      say(invocation, list_view(*rows, terminal_width(), invocation.color));
      std::fflush(stdout);
      warn_of_list(invocation, *rows);
    }
  }
  return failed ? kFailed : kDone;
}

int run_stop(const Invocation& invocation) {
  return carry_out(invocation,
                   control::StopRequest{.selection = selection_of(invocation)});
}

int run_restart(const Invocation& invocation) {
  auto selection = selection_of(invocation);
  auto caller_dir = dir_of_targets(selection.targets);
  if (!caller_dir) return report(invocation, caller_dir.error(), kFailed);
  std::vector<std::string> files;
  for (const auto& word : selection.targets)
    if (is_config_target(word, *caller_dir)) files.push_back(word);
  if (!files.empty()) {
    const int exit = restart_files(invocation, files);
    std::erase_if(selection.targets, [&](const auto& word) {
      return is_config_target(word, *caller_dir);
    });
    if (exit != kDone || selection.targets.empty()) return exit;
  }
  control::RestartRequest request{
      .selection = std::move(selection),
      .wait = !invocation.args.has("no-wait"),
      .update_env = invocation.args.has("update-env"),
      .env = {},
      .variant = invocation.args.value("env").value_or("")};
  if (request.update_env) request.env = app_environment(environ);
  return carry_out(invocation, request);
}

int run_delete(const Invocation& invocation) {
  return carry_out(invocation,
                   control::DeleteRequest{.selection = selection_of(invocation),
                                          .logs = invocation.args.has("logs")});
}

}  // namespace cli
