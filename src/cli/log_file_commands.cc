#include "cli/log_file_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "base/clock.h"
#include "base/eprint.h"
#include "base/time_spec.h"
#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/json_views.h"
#include "cli/report.h"
#include "cli/text_cells.h"

namespace cli {
namespace {

// What can't be brought back is not deleted by a slip.
base::Status check_archives(const Invocation& invocation) {
  if (!invocation.args.has("archives")) return {};
  if (invocation.args.words.empty())
    return base::fail(base::Errc::Invalid, "--archives: a target is missing",
                      "lodge flush api --archives; of all apps: all");
  if (invocation.args.has("dry-run") || invocation.args.has("yes")) return {};
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1)
    return base::fail(base::Errc::Invalid,
                      "--archives deletes what can't be brought back",
                      "add --yes, or look first: --dry-run");
  base::eprint("lodge: delete all stored logs of {}? [y/N] ",
               fmt::join(invocation.args.words, ", "));
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return base::fail(base::Errc::Denied, "not done");
}

}  // namespace

int say_flushed(const Invocation& invocation,
                const control::FlushReply& reply) {
  if (invocation.json) {
    say(invocation, flush_json(reply));
    return kDone;
  }
  uint64_t total = 0;
  std::string text;
  for (const auto& file : reply.files) {
    total += file.bytes;
    if (reply.dry_run)
      text += fmt::format("{:>10}  {}\n", base::format_size(file.bytes),
                          printable(file.path));
  }
  text += fmt::format("[lodge] {} {} of {} files\n",
                      reply.dry_run ? "would delete" : "deleted",
                      base::format_size(total), reply.files.size());
  say(invocation, text);
  return kDone;
}

int run_flush(const Invocation& invocation) {
  if (auto good = check_archives(invocation); !good)
    return report(invocation, good.error(),
                  good.error().code == base::Errc::Denied ? kFailed : kUsage);
  control::FlushRequest request{.selection = selection_of(invocation),
                                .dry_run = invocation.args.has("dry-run"),
                                .archives = invocation.args.has("archives"),
                                .before_us = -1};
  if (const auto before = invocation.args.value("before")) {
    auto time =
        base::parse_time(*before, base::SystemClock().now(), base::Zone::Local);
    if (!time) {
      auto error = std::move(time.error()).with_context("--before");
      return report(invocation, error, kUsage);
    }
    request.before_us = time->us;
  }
  auto reply =
      ask_for<control::FlushReply>(invocation, request, {.while_alive = true});
  if (!reply) return reply.error();
  return say_flushed(invocation, *reply);
}

int run_rotate(const Invocation& invocation) {
  auto reply = ask_for<control::RotateReply>(
      invocation, control::RotateRequest{.selection = selection_of(invocation)},
      {.while_alive = true});
  if (!reply) return reply.error();
  if (invocation.json) {
    say(invocation, rotate_json(*reply));
  } else {
    size_t sealed = 0;
    std::string text;
    for (const auto& file : reply->files) {
      if (file.outcome == "sealed") ++sealed;
      if (file.outcome == "pending")
        text += fmt::format("[lodge] {}: in mid-line, sealed when it ends\n",
                            printable(file.path));
    }
    say(invocation, text + fmt::format("[lodge] sealed {} of {} files\n",
                                       sealed, reply->files.size()));
  }
  int exit = kDone;
  for (const auto& file : reply->files)
    if (file.outcome == "failed")
      exit = report(invocation, {base::Errc::Io, 0, file.error, {}}, kFailed);
  return exit;
}

int run_reload_logs(const Invocation& invocation) {
  auto reply = ask_for<control::ReopenReply>(
      invocation, control::ReopenRequest{}, {.while_alive = true});
  if (!reply) return reply.error();
  say(invocation,
      invocation.json
          ? fmt::format("{{\"v\":1,\"reopened\":{}}}\n", reply->files)
          : fmt::format("[lodge] opened {} files anew\n", reply->files));
  return kDone;
}

}  // namespace cli
