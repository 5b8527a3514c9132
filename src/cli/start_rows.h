#pragma once
// What is said of `start` and `run`, `stop`, `restart` and `delete`. Part of
// the table of commands.cc: nobody else includes this.

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/keep_flags.h"
#include "cli/log_flags.h"

namespace cli::rows {

inline constexpr Flag kUpdateEnv = {"update-env", 'a', "",
                                    "take over this shell's environment"};
inline constexpr Flag kNoWait = {"no-wait", 0, "",
                                 "return at once, not when it is ready"};

inline constexpr Flag kEnv = {"env", 0, "NAME",
                              "with env_NAME of the configuration over env"};
inline constexpr Flag kOnly = {"only", 0, "NAME,…",
                               "of a configuration file only these apps"};

inline constexpr std::array kStartOwnFlags = {
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
    Flag{"log-date-format", 0, "FORMAT",
         "accepted for PM2's sake: lodge logs --timestamp"},
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
inline constexpr auto kStartFlags = joined(kStartOwnFlags, kKeepFlags);
inline constexpr std::array kStartExamples = {
    Example{"lodge start api.js", "a script; node runs it"},
    Example{"lodge start api.js --name api -i 2 -- --port 3000",
            "two copies, with arguments"},
    Example{"lodge start \"python3 -m http.server 8123\" --name web",
            "a command line"},
    Example{"lodge start api", "an app that lodge knows, again"},
    Example{"lodge start api --watch -k 3s", "... with other settings"},
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

inline constexpr std::array kRunFlags = {
    kEnv,
    kOnly,
    Flag{"prefix", 0, "", "lead each line by its app's name"},
    Flag{"files", 0, "", "keep logs in the home as well, as start does"},
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
inline constexpr std::string_view kRunDetails =
    "For containers, and wherever something else keeps the logs: no daemon, no "
    "home, nothing on disk unless --files wants it: then the home's files are "
    "kept as a daemon keeps them, for lodge logs and grep, and the apps write "
    "to "
    "pipes. Otherwise the apps have this "
    "command's stdout and stderr; "
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
inline constexpr std::array kRunExamples = {
    Example{"lodge run api.js", "in a container, as its CMD"},
    Example{"lodge run --prefix api.js worker.js", "two, told apart"},
    Example{"lodge run --no-autorestart ./job -- --once",
            "a job; its exit code is ours"},
};

inline constexpr std::array kRestartFlags = {kUpdateEnv, kEnv, kNoWait, kOnly,
                                             kExclude};
inline constexpr std::array kStopFlags = {
    kOnly, kEnv, kExclude,
    Flag{"watch", 0, "",
         "accepted for PM2's sake; what is stopped is not watched"}};
inline constexpr std::array kDeleteFlags = {
    Flag{"logs", 0, "", "delete its logs too"}, kOnly, kEnv, kExclude};
inline constexpr std::array kDeleteNames = {std::string_view("del"),
                                            std::string_view("rm")};
inline constexpr std::array kStopExamples = {
    Example{"lodge stop api", "an app; it stays in the list"},
    Example{"lodge stop api/2 3 'web-*'", "one instance, an id, a pattern"},
    Example{"lodge stop all --exclude db", "everything but one"},
};
inline constexpr std::array kRestartExamples = {
    Example{"lodge restart api", "stop and start each instance"},
    Example{"API_KEY=x lodge restart api --update-env",
            "with this shell's environment"},
};
inline constexpr std::array kDeleteExamples = {
    Example{"lodge delete api", "stop and forget; the logs stay readable"},
    Example{"lodge delete api --logs", "the logs too"},
};

inline constexpr std::string_view kStartDetails =
    "The script is a file, a program on PATH, or a command line when it has "
    "spaces or shell characters (bash runs it). The interpreter follows from "
    "the extension: .js .cjs .mjs node, .py python3, .sh bash, .rb ruby, .pl "
    "perl, .php php; other files run themselves. The app gets this shell's "
    "environment, frozen until --update-env. With the name of an app that "
    "lodge "
    "knows, flags are applied to it, and what they don't say stays. Times are "
    "written 500ms, 2s, "
    "10m, 1h.\n\n"
    "A configuration file (.json, .yaml, .yml, .config.js, .config.cjs, "
    ".config.mjs; - is stdin; none: the one of this directory) declares apps: "
    "new ones are started, changed ones restarted, or changed as they run "
    "where that can be; the others are left alone. A file with a fault "
    "changes nothing. Its settings: docs/config.md.";

}  // namespace cli::rows
