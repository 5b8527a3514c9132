#include "cli/logs_row.h"

#include "cli/commands.h"

namespace cli {

LogsArgs logs_args(const Invocation& invocation) {
  const Args& args = invocation.args;
  return {.command = std::string(invocation.command.name),
          .targets = args.words,
          .exclude = args.values("exclude"),
          .follow = args.has("follow") && !args.has("nostream"),
          .lines = args.value("lines"),
          .out = args.has("out"),
          .err = args.has("err"),
          .raw = args.has("raw"),
          .json = invocation.json,
          .events = !args.has("no-events"),
          .utc = args.has("utc"),
          .full = args.has("full"),
          .color = invocation.color,
          .nostream = args.has("nostream"),
          .since = args.value("since").value_or(""),
          .until = args.value("until").value_or("")};
}

int run_logs_row(const Invocation& invocation) {
  return run_logs(invocation.home, logs_args(invocation));
}

int run_tail_row(const Invocation& invocation) {
  LogsArgs args = logs_args(invocation);
  args.follow = !args.nostream;
  return run_logs(invocation.home, args);
}

}  // namespace cli
