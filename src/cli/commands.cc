#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/target.h"
#include "cli/app_commands.h"
#include "cli/daemon_commands.h"
#include "cli/events_command.h"
#include "cli/help.h"
#include "cli/list_commands.h"
#include "cli/logs_row.h"
#include "cli/start_command.h"

namespace cli {
namespace {

using Names = std::string_view;

constexpr Flag kJson = {"json", 0, "", "print JSON"};
constexpr std::array kCommon = {
    kJson,
    Flag{"home", 0, "DIR",
         "home of this lodge (default: $LODGE_HOME, ~/.lodge)"},
    Flag{"no-color", 0, "", "no colours (also: NO_COLOR, or no terminal)"},
    Flag{"silent", 0, "", "print errors only"},
    Flag{"help", 'h', "", "help; -h is the short form"},
};

constexpr Flag kExclude = {"exclude", 0, "TARGET", "leave out (repeatable)"};
constexpr Flag kUpdateEnv = {"update-env", 0, "",
                             "take over this shell's environment"};
constexpr Flag kNoWait = {"no-wait", 0, "",
                          "return at once, not when it is ready"};

constexpr std::array kStartFlags = {
    Flag{"name", 'n', "NAME", "name of the app (default: from the script)"},
    Flag{"instances", 'i', "N", "run N copies (default: 1; max: one a CPU)"},
    Flag{"namespace", 0, "NAME", "group that commands can name"},
    Flag{"cwd", 0, "DIR", "directory to run in (default: this one)"},
    Flag{"interpreter", 0, "PROGRAM", "what runs the script; none: itself"},
    Flag{"interpreter-args", 0, "ARGS", "arguments of the interpreter"},
    Flag{"no-autorestart", 0, "", "leave it down when it ends"},
    Flag{"max-restarts", 0, "N",
         "unstable restarts in a row until errored (default: 16)"},
    Flag{"min-uptime", 0, "TIME",
         "a shorter life counts as unstable (default: 1s)"},
    Flag{"restart-delay", 0, "TIME", "wait before each restart (default: 0)"},
    Flag{"kill-timeout", 'k', "TIME",
         "from the polite signal to SIGKILL (default: 10s)"},
    Flag{"stop-exit-codes", 0, "CODES",
         "exit codes that mean done, not crashed: 0,3"},
    kUpdateEnv,
    Flag{"wait", 0, "TIME", "wait at most so long until it is ready"},
    kNoWait,
    Flag{"force", 'f', "", "accepted for PM2's sake; names stay unique"},
};
constexpr std::array kStartExamples = {
    Example{"lodge start api.js", "a script; node runs it"},
    Example{"lodge start api.js --name api -i 2 -- --port 3000",
            "two copies, with arguments"},
    Example{"lodge start \"python3 -m http.server 8123\" --name web",
            "a command line"},
    Example{"lodge start api", "an app that lodge knows, again"},
};

constexpr std::array kRestartFlags = {kUpdateEnv, kNoWait, kExclude};
constexpr std::array kStopFlags = {kExclude};
constexpr std::array kDeleteFlags = {Flag{"logs", 0, "", "delete its logs too"},
                                     kExclude};
constexpr std::array kDeleteNames = {Names("del"), Names("rm")};
constexpr std::array kStopExamples = {
    Example{"lodge stop api", "an app; it stays in the list"},
    Example{"lodge stop api/2 3 'web-*'", "one instance, an id, a pattern"},
    Example{"lodge stop all --exclude db", "everything but one"},
};
constexpr std::array kRestartExamples = {
    Example{"lodge restart api", "stop and start each instance"},
    Example{"API_KEY=x lodge restart api --update-env",
            "with this shell's environment"},
};
constexpr std::array kDeleteExamples = {
    Example{"lodge delete api", "stop and forget; the logs stay readable"},
    Example{"lodge delete api --logs", "the logs too"},
};

constexpr std::array kListNames = {Names("ls"), Names("status"), Names("ps"),
                                   Names("l")};
constexpr std::array kListExamples = {
    Example{"lodge list", "a row for each instance"},
    Example{"lodge list --json | jq '.[].status'", "for scripts"},
};
constexpr std::array kDescribeNames = {Names("show"), Names("info"),
                                       Names("desc")};
constexpr std::array kDescribeExamples = {
    Example{"lodge describe api", "state, files and every setting"},
};
constexpr std::array kPidExamples = {
    Example{"kill -USR1 $(lodge pid api)", "a signal to the app"},
};

constexpr std::array kLogsNames = {Names("log")};
constexpr std::array kLogsFlags = {
    Flag{"follow", 'f', "", "go on with what comes, through restarts"},
    Flag{"lines", 'n', "N", "the last N lines, or all (default: 15)"},
    Flag{"out", 0, "", "stdout alone"},
    Flag{"err", 0, "", "stderr alone"},
    Flag{"since", 0, "TIME", "from then on: 10:15, -10m, 2026-11-21"},
    Flag{"until", 0, "TIME", "until then, exclusive"},
    Flag{"raw", 0, "", "the app's own bytes alone"},
    Flag{"utc", 0, "", "times in UTC"},
    Flag{"full", 0, "", "rows of any length"},
    Flag{"no-events", 0, "", "without starts, exits and the like"},
    Flag{"nostream", 0, "", "accepted for PM2's sake: don't follow"},
    kExclude,
};
constexpr std::array kLogsExamples = {
    Example{"lodge logs", "the last lines of every app"},
    Example{"lodge logs api -f", "follow one"},
    Example{"lodge logs api --err --since 10:15", "its errors since then"},
    Example{"lodge logs api --raw -n all > api.txt", "every byte it wrote"},
};
constexpr std::array kTailExamples = {
    Example{"lodge tail api web", "two apps in one stream"},
};
constexpr std::array kEventsFlags = {
    Flag{"lines", 'n', "N", "the last N events, or all (default: 15)"},
    Flag{"utc", 0, "", "times in UTC"},
    kExclude,
};
constexpr std::array kEventsExamples = {
    Example{"lodge events api", "its starts, exits and restarts"},
    Example{"lodge events -n all --json", "everything, for scripts"},
};
constexpr std::array kFlushNames = {Names("clear")};
constexpr std::array kFlushFlags = {
    Flag{"dry-run", 0, "", "say what would go, touch nothing"}, kExclude};
constexpr std::array kFlushExamples = {
    Example{"lodge flush api", "empties its log files"},
    Example{"lodge flush --dry-run", "how much that would be, of all apps"},
};
constexpr std::array kKillExamples = {
    Example{"lodge kill", "every app ends, then lodge itself"},
};
constexpr std::array kHelpFlags = {
    Flag{"man", 0, "", "the manual page, in roff"},
};
constexpr std::array kVersionNames = {Names("-v"), Names("--version")};

constexpr std::string_view kStartDetails =
    "The script is a file, a program on PATH, or a command line when it has "
    "spaces or shell characters (bash runs it). The interpreter follows from "
    "the extension: .js .cjs .mjs node, .py python3, .sh bash, .rb ruby, .pl "
    "perl, .php php; other files run themselves. The app gets this shell's "
    "environment, frozen until --update-env. Times are written 500ms, 2s, "
    "10m, 1h.";
constexpr std::string_view kTargetDetails =
    "A target is an id, a name, name/instance, a namespace, all, a pattern "
    "('api-*') or a regular expression ('/^api/').";

constexpr size_t kAny = static_cast<size_t>(-1);

constexpr std::array kCommands = {
    Command{"start",
            {},
            Group::Run,
            "<script | \"command line\" | app> [-- args]",
            1,
            kAny,
            "start an app, and the daemon when there is none",
            kStartDetails,
            kStartFlags,
            true,
            kStartExamples,
            run_start},
    Command{"stop",
            {},
            Group::Run,
            "<target…>",
            1,
            kAny,
            "stop apps; they stay in the list",
            kTargetDetails,
            kStopFlags,
            true,
            kStopExamples,
            run_stop},
    Command{"restart",
            {},
            Group::Run,
            "<target…>",
            1,
            kAny,
            "stop and start apps",
            kTargetDetails,
            kRestartFlags,
            true,
            kRestartExamples,
            run_restart},
    Command{"delete", kDeleteNames, Group::Run, "<target…>", 1, kAny,
            "stop apps and forget them; their logs stay", kTargetDetails,
            kDeleteFlags, true, kDeleteExamples, run_delete},
    Command{"list",
            kListNames,
            Group::Look,
            "",
            0,
            0,
            "show every app: status, uptime, restarts, cpu, memory, logs",
            "",
            {},
            true,
            kListExamples,
            run_list},
    Command{"jlist",
            {},
            Group::Look,
            "",
            0,
            0,
            "the list as JSON in the shape of PM2",
            "",
            {},
            true,
            {},
            run_jlist},
    Command{"describe",
            kDescribeNames,
            Group::Look,
            "<target…>",
            1,
            kAny,
            "all about an app, every setting and where it comes from",
            kTargetDetails,
            {},
            true,
            kDescribeExamples,
            run_describe},
    Command{"pid",
            {},
            Group::Look,
            "[target…]",
            0,
            kAny,
            "process ids, one a line",
            kTargetDetails,
            {},
            true,
            kPidExamples,
            run_pid},
    Command{"logs", kLogsNames, Group::Logs, "[target…]", 0, kAny,
            "show log lines; -f follows", kTargetDetails, kLogsFlags, true,
            kLogsExamples, run_logs_row},
    Command{"tail",
            {},
            Group::Logs,
            "[target…]",
            0,
            kAny,
            "follow log lines: logs -f",
            kTargetDetails,
            kLogsFlags,
            true,
            kTailExamples,
            run_tail_row},
    Command{"events",
            {},
            Group::Logs,
            "[target…]",
            0,
            kAny,
            "starts, exits, restarts, flushes: what happened to apps",
            kTargetDetails,
            kEventsFlags,
            true,
            kEventsExamples,
            run_events},
    Command{"flush", kFlushNames, Group::Logs, "[target…]", 0, kAny,
            "delete log lines: empty the log files (of all apps by default)",
            kTargetDetails, kFlushFlags, true, kFlushExamples, run_flush},
    Command{"ping",
            {},
            Group::Daemon,
            "",
            0,
            0,
            "is the daemon alive?",
            "",
            {},
            true,
            {},
            run_ping},
    Command{"kill",
            {},
            Group::Daemon,
            "",
            0,
            0,
            "stop every app, then the daemon",
            "",
            {},
            true,
            kKillExamples,
            run_kill},
    Command{"version",
            kVersionNames,
            Group::Daemon,
            "",
            0,
            0,
            "print the version",
            "",
            {},
            true,
            {},
            run_version},
    Command{"help",
            {},
            Group::Daemon,
            "[command]",
            0,
            1,
            "help on a command",
            "",
            kHelpFlags,
            false,
            {},
            run_help},
};

}  // namespace

std::string_view group_title(Group group) {
  switch (group) {
    case Group::Run:
      return "Run apps";
    case Group::Look:
      return "Look at them";
    case Group::Logs:
      return "Logs";
    case Group::Daemon:
      return "Lodge itself";
  }
  return {};
}

std::span<const Command> commands() {
  return kCommands;
}

const Command* find_command(std::string_view word) {
  for (const auto& command : kCommands)
    if (command.name == word ||
        std::ranges::find(command.aliases, word) != command.aliases.end())
      return &command;
  return nullptr;
}

base::Error unknown_command(std::string_view word) {
  std::vector<std::string> known;
  for (const auto& command : kCommands) {
    known.emplace_back(command.name);
    for (const auto alias : command.aliases)
      if (alias.size() > 1) known.emplace_back(alias);
  }
  const auto nearest = base::nearest_word(word, known);
  return {base::Errc::Invalid, 0, fmt::format("{}: no such command", word),
          nearest.empty() ? "every command: lodge help"
                          : fmt::format("did you mean {}?", nearest)};
}

std::span<const Flag> common_flags(const Command& command) {
  return std::span(kCommon).subspan(command.json ? 0 : 1);
}

}  // namespace cli
