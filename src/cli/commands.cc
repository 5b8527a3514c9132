#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/target.h"
#include "cli/app_commands.h"
#include "cli/boot_rows.h"
#include "cli/config_commands.h"
#include "cli/daemon_commands.h"
#include "cli/describe_command.h"
#include "cli/doctor_command.h"
#include "cli/help.h"
#include "cli/keep_flags.h"
#include "cli/list_commands.h"
#include "cli/log_rows.h"
#include "cli/pm2_words.h"
#include "cli/run_command.h"
#include "cli/settings_command.h"
#include "cli/start_command.h"
#include "cli/update_command.h"
#include "cli/verb_rows.h"
#include "cli/why_rows.h"

namespace cli {
namespace {

using Names = std::string_view;
using rows::kExclude;
using rows::kTargetDetails;

constexpr Flag kJson = {"json", 0, "", "print JSON"};
constexpr std::array kCommon = {
    kJson,
    Flag{"home", 0, "DIR", "instead of $LODGE_HOME or ~/.lodge"},
    Flag{"no-color", 0, "", "no colours (also: NO_COLOR, or no terminal)"},
    Flag{"silent", 0, "", "print errors only"},
    Flag{"help", 'h', "", "help; -h is the short form"},
};

constexpr Flag kUpdateEnv = {"update-env", 'a', "",
                             "take over this shell's environment"};
constexpr Flag kNoWait = {"no-wait", 0, "",
                          "return at once, not when it is ready"};

constexpr Flag kEnv = {"env", 0, "NAME",
                       "with env_NAME of the configuration over env"};
constexpr Flag kOnly = {"only", 0, "NAME,…",
                        "of a configuration file only these apps"};

constexpr std::array kStartOwnFlags = {
    Flag{"name", 'n', "NAME", "name of the app (default: from the script)"},
    Flag{"instances", 'i', "N", "run N copies (default: 1; max: one a CPU)"},
    Flag{"namespace", 0, "NAME", "group that commands can name"},
    Flag{"cwd", 0, "DIR", "directory to run in (default: this one)"},
    Flag{"interpreter", 0, "PROGRAM", "what runs the script; none: itself"},
    Flag{"interpreter-args", 0, "ARGS", "arguments of the interpreter", true},
    Flag{"node-args", 0, "ARGS", "the same, as PM2 calls it", true},
    Flag{"execute-command", 'x', "", "accepted for PM2's sake"},
    kEnv,
    Flag{"env-file", 0, "FILE", "variables from a file (repeatable)"},
    Flag{"filter-env", 0, "PREFIX,…", "variables that are not inherited"},
    Flag{"uid", 0, "USER", "run as that user (needs root)"},
    Flag{"gid", 0, "GROUP", "... and group (default: the user's own)"},
    Flag{"no-autorestart", 0, "", "leave it down when it ends"},
    Flag{"max-restarts", 0, "N",
         "unstable restarts until errored (default: 16)"},
    Flag{"min-uptime", 0, "TIME",
         "a shorter life counts as unstable (default: 1s)"},
    Flag{"restart-delay", 0, "TIME", "wait before each restart (default: 0)"},
    Flag{"kill-timeout", 'k', "TIME",
         "from the polite signal to SIGKILL (default: 10s)"},
    Flag{"wait-ready", 0, "", "ready when it says so: READY=1, send('ready')"},
    Flag{"listen-timeout", 0, "TIME",
         "time it has to become ready (default: 30s)"},
    Flag{"shutdown-with-message", 0, "",
         "node: send 'shutdown' before any signal"},
    Flag{"stop-exit-codes", 0, "CODES",
         "exit codes that mean done, not crashed: 0,3"},
    Flag{"output", 'o', "FILE", "file for stdout; /dev/null keeps nothing"},
    Flag{"error", 'e', "FILE", "file for stderr"},
    Flag{"log", 'l', "FILE", "one file for both; true: NAME-all.log"},
    Flag{"merge-logs", 0, "", "all instances write the same files"},
    Flag{"disable-logs", 0, "", "keep nothing of what it writes"},
    Flag{"time", 0, "", "accepted for PM2's sake; every line has a stamp"},
    Flag{"log-type", 0, "TYPE", "json: stamps as a member of JSON lines"},
    Flag{"set", 0, "KEY=VALUE", "any setting: log.max_size=10M (repeatable)"},
    kOnly,
    Flag{"dry-run", 0, "", "say what would be done, and do nothing"},
    Flag{"prune", 0, "", "delete apps that the file no longer has"},
    Flag{"parallel", 0, "N", "accepted for PM2's sake; all start at once"},
    kUpdateEnv,
    Flag{"wait", 0, "TIME", "wait at most so long until it is ready"},
    kNoWait,
    Flag{"force", 'f', "", "accepted for PM2's sake; names stay unique"},
};
template <size_t A, size_t B>
constexpr std::array<Flag, A + B> joined(const std::array<Flag, A>& first,
                                         const std::array<Flag, B>& second) {
  std::array<Flag, A + B> all;
  std::ranges::copy(second, std::ranges::copy(first, all.begin()).out);
  return all;
}
constexpr auto kStartFlags = joined(kStartOwnFlags, kKeepFlags);
constexpr std::array kStartExamples = {
    Example{"lodge start api.js", "a script; node runs it"},
    Example{"lodge start api.js --name api -i 2 -- --port 3000",
            "two copies, with arguments"},
    Example{"lodge start \"python3 -m http.server 8123\" --name web",
            "a command line"},
    Example{"lodge start api", "an app that lodge knows, again"},
    Example{"lodge start",
            "what lodge.config.json or ecosystem.config.js says"},
    Example{"lodge start ecosystem.config.js --only api --env production",
            "one app of a file, with its env_production"},
    Example{"lodge start lodge.config.json --prune --dry-run",
            "what a changed file would change"},
    Example{"lodge start api.js --set health.http=http://127.0.0.1:80/up",
            "ready, and kept, while that answers"},
    Example{"lodge start api.js --set depends_on.db=healthy",
            "not before the app db is healthy"},
    Example{"lodge start api.js --log true --set log.overflow=drop",
            "both streams in one file; never wait for the disk"},
};

constexpr std::array kRunFlags = {
    kEnv,
    kOnly,
    Flag{"prefix", 0, "", "lead each line by its app's name"},
    Flag{"name", 'n', "NAME", "name of the app (default: from the script)"},
    Flag{"instances", 'i', "N", "run N copies (default: 1; max: one a CPU)"},
    Flag{"cwd", 0, "DIR", "directory to run in (default: this one)"},
    Flag{"interpreter", 0, "PROGRAM", "what runs the script; none: itself"},
    Flag{"interpreter-args", 0, "ARGS", "arguments of the interpreter", true},
    Flag{"uid", 0, "USER", "run as that user (needs root)"},
    Flag{"gid", 0, "GROUP", "... and group (default: the user's own)"},
    Flag{"no-autorestart", 0, "", "a crash is the end, too"},
    Flag{"max-restarts", 0, "N", "unstable restarts until given up"},
    Flag{"min-uptime", 0, "TIME", "a shorter life counts as unstable"},
    Flag{"restart-delay", 0, "TIME", "wait before each restart (default: 0)"},
    Flag{"kill-timeout", 'k', "TIME",
         "from the polite signal to SIGKILL (default: 10s)"},
    Flag{"stop-exit-codes", 0, "CODES",
         "exit codes that mean done, not crashed: 0,3"},
    Flag{"set", 0, "KEY=VALUE", "any setting (repeatable)"},
};
constexpr std::string_view kRunDetails =
    "For containers, and wherever something else keeps the logs: no daemon, no "
    "home, nothing on disk. The apps have this command's stdout and stderr; "
    "one "
    "that is alone has its stdin. It is right as PID 1: it reaps orphans, and "
    "SIGTERM, SIGINT and SIGQUIT go to the apps, whose whole trees have ended "
    "when it does; SIGHUP, SIGUSR1, SIGUSR2 and SIGWINCH are passed on. A "
    "crash "
    "is restarted as by start. It ends when no app runs any more, with the "
    "exit "
    "code of the one that ended last: 128+n when a signal ended it, 127 when "
    "it "
    "could not be started.";
constexpr std::array kRunExamples = {
    Example{"lodge run api.js", "in a container, as its CMD"},
    Example{"lodge run --prefix api.js worker.js", "two, told apart"},
    Example{"lodge run --no-autorestart ./job -- --once",
            "a job; its exit code is ours"},
};

constexpr std::array kRestartFlags = {kUpdateEnv, kEnv, kNoWait, kOnly,
                                      kExclude};
constexpr std::array kStopFlags = {
    kOnly, kEnv, kExclude,
    Flag{"watch", 0, "",
         "accepted for PM2's sake; what is stopped is not watched"}};
constexpr std::array kDeleteFlags = {Flag{"logs", 0, "", "delete its logs too"},
                                     kOnly, kEnv, kExclude};
constexpr std::array kInitNames = {Names("ecosystem")};
constexpr std::array kInitFlags = {
    Flag{"js", 0, "", "ecosystem.config.js, as PM2's"}};
constexpr std::array kValidateFlags = {kOnly, kEnv};
constexpr std::array kValidateExamples = {
    Example{"lodge validate ecosystem.config.js --env production",
            "with the environment it is to have"},
};
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
constexpr std::array kListFlags = {
    Flag{"watch", 'w', "", "again every second, until Ctrl-C"},
    Flag{"sort", 0, "FIELD",
         "by cpu, mem, name, ...; cpu:desc: the most first"},
    kExclude};
constexpr std::array kDescribeFlags = {
    Flag{"show-secrets", 0, "", "values that look secret, too"}, kExclude};
constexpr std::array kDoctorFlags = {
    Flag{"fix", 0, "", "take away what others may do in the home"}};
constexpr std::array kDoctorExamples = {
    Example{"lodge doctor", "what is wrong, and how to mend it"},
};
constexpr std::string_view kDoctorDetails =
    "Looks at the home and its modes, the disk, limits of open files, pipes "
    "and inotify, cgroups, the boot unit, the daemon, each app's files and "
    "interpreter, and shows the settings. Needs no daemon. Exit code 1 when "
    "something needs mending; notes don't.";
constexpr std::array kListExamples = {
    Example{"lodge list", "a row for each instance"},
    Example{"lodge list --watch --sort cpu:desc", "who is busy, as it goes"},
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

constexpr std::array kKillExamples = {
    Example{"lodge kill", "every app ends, then lodge itself"},
};
constexpr std::array kSetExamples = {
    Example{"lodge set logs.cap 10G", "what all logs together may take"},
};
constexpr std::array kGetExamples = {
    Example{"lodge get", "every setting"},
};
constexpr std::array kUpdateExamples = {
    Example{"lodge update", "after a new version was installed"},
};
constexpr std::string_view kUpdateDetails =
    "The running daemon is replaced by the program that is asked: no app is "
    "restarted, no line is lost, pids stay. It refuses a program that can't go "
    "on with what the old one holds; when the new daemon does not come up "
    "three times, the old program runs on, and ping says why. When that does "
    "not come up either, it is safe mode: see list.";
constexpr std::string_view kListDetails =
    "The column dropped is there when lines were not kept, as log.overflow, "
    "log.on_full and log.rate allow. Below the table: what is stored; DISK "
    "FULL, when a log's disk has no room; degraded, when the keeper was "
    "killed; safe mode, when no daemon came up. In safe mode one captures what "
    "apps write, starts and stops nothing, and once a minute makes way for "
    "another try; lodge.log in the home says what is wrong.";
constexpr std::string_view kPingDetails =
    "It also says whether it is degraded or in safe mode (see list), and why "
    "the last update went back.";
constexpr std::array kHelpFlags = {
    Flag{"man", 0, "", "the manual page, in roff"},
    Flag{"settings", 0, "", "every key of a configuration, in Markdown"},
};
constexpr std::array kVersionNames = {Names("-v"), Names("--version")};

constexpr std::string_view kStartDetails =
    "The script is a file, a program on PATH, or a command line when it has "
    "spaces or shell characters (bash runs it). The interpreter follows from "
    "the extension: .js .cjs .mjs node, .py python3, .sh bash, .rb ruby, .pl "
    "perl, .php php; other files run themselves. The app gets this shell's "
    "environment, frozen until --update-env. Times are written 500ms, 2s, "
    "10m, 1h.\n\n"
    "A configuration file (.json, .yaml, .yml, .config.js, .config.cjs, "
    ".config.mjs; - is stdin; none: the one of this directory) declares apps: "
    "new ones are started, changed ones restarted, or changed as they run "
    "where that can be; the others are left alone. A file with a fault "
    "changes nothing. Its settings: docs/config.md.";
constexpr std::array kAppCommands = {
    Command{.name = "start",
            .aliases = {},
            .group = Group::Run,
            .arguments = "[script | \"command line\" | app | config file]",
            .summary = "start an app, and the daemon when there is none",
            .details = kStartDetails,
            .flags = kStartFlags,
            .json = true,
            .passes_rest = true,
            .examples = kStartExamples,
            .run = run_start},
    Command{.name = "run",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<script | \"command line\" | config file>",
            .least_words = 1,
            .summary = "run apps in the foreground, for containers",
            .details = kRunDetails,
            .flags = kRunFlags,
            .passes_rest = true,
            .examples = kRunExamples,
            .run = run_in_foreground},
    Command{.name = "stop",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "stop apps; they stay in the list",
            .details = kTargetDetails,
            .flags = kStopFlags,
            .json = true,
            .examples = kStopExamples,
            .run = run_stop},
    Command{.name = "restart",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "stop and start apps",
            .details = kTargetDetails,
            .flags = kRestartFlags,
            .json = true,
            .examples = kRestartExamples,
            .run = run_restart},
    Command{.name = "delete",
            .aliases = kDeleteNames,
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "stop apps and forget them; their logs stay",
            .details = kTargetDetails,
            .flags = kDeleteFlags,
            .json = true,
            .examples = kDeleteExamples,
            .run = run_delete},
    Command{.name = "list",
            .aliases = kListNames,
            .group = Group::Look,
            .arguments = "[target…]",
            .summary = "status, uptime, restarts, cpu, memory, logs of all",
            .details = kListDetails,
            .flags = kListFlags,
            .json = true,
            .examples = kListExamples,
            .run = run_list},
    Command{.name = "jlist",
            .aliases = {},
            .group = Group::Look,
            .arguments = "",
            .most_words = 0,
            .summary = "the list as JSON in the shape of PM2",
            .details = "",
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_jlist},
    Command{.name = "prettylist",
            .aliases = {},
            .group = Group::Look,
            .arguments = "",
            .most_words = 0,
            .summary = "jlist, laid out to be read",
            .details = "",
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_jlist},
    Command{.name = "describe",
            .aliases = kDescribeNames,
            .group = Group::Look,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "all about an app, with every setting",
            .details = kTargetDetails,
            .flags = kDescribeFlags,
            .json = true,
            .examples = kDescribeExamples,
            .run = run_describe},
    Command{.name = "pid",
            .aliases = {},
            .group = Group::Look,
            .arguments = "[target…]",
            .summary = "process ids, one a line",
            .details = kTargetDetails,
            .flags = kStopFlags,
            .json = true,
            .examples = kPidExamples,
            .run = run_pid},
};

constexpr std::array kDaemonCommands = {
    Command{.name = "validate",
            .aliases = {},
            .group = Group::Run,
            .arguments = "[config file]",
            .summary = "check a configuration file; 2 when it has a fault",
            .details = "",
            .flags = kValidateFlags,
            .json = true,
            .examples = kValidateExamples,
            .run = run_validate},
    Command{.name = "init",
            .aliases = kInitNames,
            .group = Group::Run,
            .arguments = "",
            .most_words = 0,
            .summary = "write a commented configuration file",
            .details = "",
            .flags = kInitFlags,
            .json = false,
            .examples = {},
            .run = run_init},
    Command{.name = "ping",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "is the daemon alive?",
            .details = kPingDetails,
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_ping},
    Command{.name = "kill",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "stop every app, then the daemon",
            .details = "",
            .flags = {},
            .json = true,
            .examples = kKillExamples,
            .run = run_kill},
    Command{.name = "update",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "the daemon becomes this lodge; no app notices",
            .details = kUpdateDetails,
            .flags = {},
            .json = true,
            .examples = kUpdateExamples,
            .run = run_update},
    Command{.name = "doctor",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "what is wrong, and how to mend it",
            .details = kDoctorDetails,
            .flags = kDoctorFlags,
            .json = true,
            .examples = kDoctorExamples,
            .run = run_doctor},
    Command{.name = "set",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "<key> <value>",
            .least_words = 2,
            .most_words = 2,
            .summary = "change a setting of lodge itself",
            .details =
                "An empty value (\"\") takes it back to its default. The "
                "daemon notices within a second.",
            .flags = {},
            .json = true,
            .examples = kSetExamples,
            .run = run_set},
    Command{.name = "get",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[key]",
            .most_words = 1,
            .summary = "settings of lodge itself, and where they are from",
            .details = "",
            .flags = {},
            .json = true,
            .examples = kGetExamples,
            .run = run_get},
    Command{.name = "version",
            .aliases = kVersionNames,
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "print the version",
            .details = "",
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_version},
    Command{.name = "help",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[command]",
            .most_words = 1,
            .summary = "help on a command",
            .details = "",
            .flags = kHelpFlags,
            .json = false,
            .examples = {},
            .run = run_help},
};

// In the order of help.
constexpr auto make_commands() {
  std::array<Command, kAppCommands.size() + rows::kVerbCommands.size() +
                          rows::kWhyCommands.size() +
                          rows::kLogCommands.size() +
                          rows::kBootCommands.size() + kDaemonCommands.size()>
      all{};
  // Each group in one piece.
  const auto is_run = [](const Command& command) {
    return command.group == Group::Run;
  };
  auto at = std::ranges::copy_if(kAppCommands, all.begin(), is_run).out;
  at = std::ranges::copy_if(rows::kVerbCommands, at, is_run).out;
  at = std::ranges::copy_if(kAppCommands, at, std::not_fn(is_run)).out;
  at = std::ranges::copy_if(rows::kVerbCommands, at, std::not_fn(is_run)).out;
  at = std::ranges::copy(rows::kWhyCommands, at).out;
  at = std::ranges::copy(rows::kLogCommands, at).out;
  at = std::ranges::copy(rows::kBootCommands, at).out;
  std::ranges::copy(kDaemonCommands, at);
  return all;
}
constexpr auto kCommands = make_commands();

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

namespace {

// "sendsignal" and "send-signal" are sendSignal.
bool is_spelling_of(std::string_view word, std::string_view name) {
  size_t at = 0;
  for (const char c : word) {
    if (c == '-') continue;
    if (at == name.size()) return false;
    const char known = name[at++];
    const bool upper = known >= 'A' && known <= 'Z';
    if (c != known && !(upper && c == known - 'A' + 'a')) return false;
  }
  return at == name.size();
}

}  // namespace

const Command* find_command(std::string_view word) {
  word = name_of_pm2s(word);
  for (const auto& command : kCommands)
    if (command.name == word ||
        std::ranges::find(command.aliases, word) != command.aliases.end())
      return &command;
  if (word.starts_with('-')) return nullptr;
  for (const auto& command : kCommands) {
    if (is_spelling_of(word, command.name)) return &command;
    for (const auto alias : command.aliases)
      if (is_spelling_of(word, alias)) return &command;
  }
  return nullptr;
}

base::Error unknown_command(std::string_view word) {
  if (const auto instead = instead_of_pm2s(word); !instead.empty())
    return {base::Errc::Invalid, 0,
            fmt::format("{}: PM2's, not a command of lodge", word),
            std::string(instead)};
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
