#include "config/key_facts.h"

#include <algorithm>
#include <array>

namespace config {
namespace {

using enum Kind;
using enum Applies;

// The order is that of docs/config.md.
constexpr auto kFacts = std::to_array<Fact>({
    {"name", Text, Reload,
     "unique in a home: letters, digits, `.`, `_`, `-`; default: from the "
     "script",
     ""},
    {"namespace", Text, Live, "a group that commands can name", ""},
    {"script", Text, Reload,
     "a file, a program on PATH, or a command line (with spaces or shell "
     "characters)",
     "exec"},
    {"shell", Flag, Reload, "", ""},
    {"args", Words, Reload, "arguments of the script", ""},
    {"cwd", Text, Reload,
     "directory to run in; default: that of the file. Relative paths resolve "
     "against it",
     ""},
    {"interpreter", Text, Reload,
     "what runs the script; default by its ending: `.js .cjs .mjs` node, `.py` "
     "python3, `.sh` bash, `.rb` ruby, `.pl` perl, `.php` php; `none`: the "
     "file runs itself",
     "exec_interpreter"},
    {"interpreter_args", Words, Reload, "arguments of the interpreter",
     "interpreterArgs, node_args"},
    {"instances", Count, Live,
     "copies; `max` or 0: one a CPU, -1: one less than that", ""},
    {"exec_mode", Text, Live,
     "`fork` or `cluster`: instances are processes of their own either way",
     ""},
    {"uid", Text, Reload, "user to run as (needs root)", "user, username"},
    {"gid", Text, Reload, "group to run as; default: the user's own", ""},
    {"env", Env, Reload,
     "variables; `env_NAME` is laid over it by `--env NAME`", ""},
    {"env_file", List, Reload, "files of variables; `env` has the last word",
     ""},
    {"env_inherit", Text, Reload,
     "`none`: of the environment of who starts it only PATH, HOME, USER, "
     "LOGNAME, SHELL, LANG and TZ",
     ""},
    {"filter_env", List, Reload,
     "variables that begin so are not inherited; `true`: as `env_inherit: "
     "none`",
     ""},
    {"instance_var", Text, Reload, "variable that holds the instance's number",
     ""},
    {"increment_var", Text, Reload,
     "variable that grows by one with each instance", ""},
    {"inherited_env", Any, Reload, "", ""},
    {"env_variants", Any, Reload, "", ""},
    {"env_variant", Any, Reload, "", ""},
    {"autostart", Flag, Live, "start it when the daemon starts", ""},
    {"autorestart", Flag, Live, "start it again when it ends", ""},
    {"stop_exit_codes", Codes, Live, "exit codes that mean done, not crashed",
     ""},
    {"max_restarts", Whole, Live, "unstable restarts in a row until errored",
     ""},
    {"min_uptime", Time, Live, "a shorter life counts as unstable", ""},
    {"restart_delay", Time, Live,
     "before each restart, on top of the growing wait", ""},
    {"exp_backoff_restart_delay", Any, Live,
     "first wait of a backoff that grows; `auto`: the second restart waits "
     "100 ms; 0: none does",
     ""},
    {"errored_retry", Any, Live, "when an errored app is tried again; `never`",
     ""},
    {"max_memory_restart", Size, Live, "restart when its tree takes more", ""},
    {"cron_restart", Any, Live,
     "when it is restarted: `0 3 * * *`, `@daily`, or six fields of which the "
     "first are seconds; `0` or empty: never",
     "cron"},
    {"cron_tz", Text, Live,
     "time zone of cron_restart: `Europe/Rome`; default: the daemon's", ""},
    {"watch", Any, Live, "restart when files change", ""},
    {"watch_delay", Time, Live, "quiet time before such a restart", ""},
    {"ignore_watch", List, Live, "paths that are not watched", ""},
    {"watch_options", Object, Live, "options of watch", ""},
    {"kill_signal", Any, Live, "the polite signal: `SIGTERM`, `TERM`, `15`",
     ""},
    {"kill_timeout", Time, Live, "from the polite signal to SIGKILL", ""},
    {"treekill", Flag, Live, "signal the whole tree, not the process alone",
     ""},
    {"limits.memory", Any, Reload,
     "what it may hold; and how: see limits in config/README.md", ""},
    {"limits.cpu", Any, Reload, "processors it may use: `0.5`, `50%`, `2`", ""},
    {"limits.nofile", Any, Reload, "open files of each process", ""},
    {"limits.nproc", Any, Reload, "processes", ""},
    {"limits.core", Any, Reload, "bytes of a core file; 0: none", ""},
    {"pid_file", Text, Reload,
     "its pid is written there, 0644, and removed at the end; of several "
     "instances `app.pid`, `app-1.pid`",
     "pid"},
    {"shutdown_with_message", Flag, Live, "a message in place of the signal",
     ""},
    {"wait_ready", Flag, Live, "online when the app says that it is ready", ""},
    {"listen_timeout", Time, Live, "wait at most so long for that", ""},
    {"health.http", Text, Live,
     "healthy while a GET there is answered with 2xx or 3xx", ""},
    {"health.tcp", Text, Live, "... while `host:port` takes connections", ""},
    {"health.exec", Text, Live,
     "... while this line for `sh` exits with 0; one of the three", ""},
    {"health.interval", Time, Live, "between two looks", ""},
    {"health.timeout", Time, Live, "of one look", ""},
    {"health.retries", Whole, Live,
     "failures in a row until it is unhealthy, and restarted", ""},
    {"health.start_period", Time, Live,
     "what a start may take at least, whatever `listen_timeout` says", ""},
    {"depends_on", Any, Live,
     "apps that come first, and what they must be: `{\"db\": \"healthy\"}`; "
     "`started`, `ready`, `healthy`, `exited`; a list means `ready`",
     ""},
    {"out_file", Text, Restart, "file for stdout; `/dev/null` keeps nothing",
     "out, output, out_log"},
    {"error_file", Text, Restart, "file for stderr",
     "error, err, err_file, err_log"},
    {"log_file", Text, Restart, "one file for both; `true`: NAME-all.log",
     "log"},
    {"merge_logs", Flag, Restart, "all instances write the same files",
     "combine_logs"},
    {"disable_logs", Flag, Restart, "nothing is kept of what it writes", ""},
    {"time", Flag, Live, "accepted; every line has a stamp", ""},
    {"log.stamp", Text, Restart,
     "how lines bear their time: `prefix`, `json`, `none`", ""},
    {"log.max_size", Size, Live,
     "a live file is sealed at that size; less where many apps share a small "
     "cap; default: by the room on the disk",
     ""},
    {"log.rotate", Text, Live,
     "a live file is sealed when due, too: `hourly`, `daily`, `weekly`, "
     "`monthly`, `30m`, cron",
     "log.rotateInterval"},
    {"log.tz", Text, Live,
     "time zone of log.rotate: `Europe/Rome`; default: the daemon's", "log.TZ"},
    {"log.retain.count", Any, Live, "sealed files that are kept of each stream",
     "log.retain"},
    {"log.retain.age", Text, Live, "... how long: `30d`", ""},
    {"log.retain.size", Size, Live, "... how many bytes", ""},
    {"log.level", Whole, Live, "of the compression, 1 to 19", ""},
    {"log.compress", Flag, Live, "sealed files become zstd archives", ""},
    {"log.overflow", Text, Restart,
     "a slow disk: the app waits (`block`), or lines are dropped and counted "
     "(`drop`)",
     ""},
    {"log.on_full", Text, Restart,
     "a full disk: after 10 s the oldest unwritten go, counted (`drop`), or "
     "the app waits (`wait`)",
     ""},
    {"log.rate.bytes", Size, Restart, "kept a second, on average; 0: no limit",
     ""},
    {"log.rate.burst", Size, Restart, "... at once; 0: as `bytes`", ""},
    {"log.rate.then", Text, Restart,
     "what is over the limit: `drop`, or `sample` every hundredth line", ""},
    {"log.redact", List, Restart,
     "RE2 patterns; what matches is written as `[redacted]`", ""},
    {"log.strip_ansi", Flag, Restart, "leave colour sequences out", ""},
    {"log.sync", Text, Restart,
     "to disk every 5 s (`interval`), when sealed (`rotate`), or `none`", ""},
    {"log.mode", Text, Restart, "of the files, octal, in quotes: `\"0640\"`",
     ""},
    {"log.pty", Flag, Restart, "give the app a terminal in the place of pipes",
     ""},
    {"notify", Any, Live, "whom to tell of what: see notify.md", ""},
    {"name_given", Any, Live, "", ""},
    {"config_file", Any, Live, "", ""},
});

// "a, b": each name.
template <class Visit>
void for_each_name(std::string_view names, Visit visit) {
  while (!names.empty()) {
    const auto comma = std::min(names.find(", "), names.size());
    visit(names.substr(0, comma));
    names.remove_prefix(std::min(names.size(), comma + 2));
  }
}

}  // namespace

std::span<const Fact> facts() {
  return kFacts;
}

const Fact* find_fact(std::string_view name) {
  const auto found = std::ranges::find(kFacts, name, &Fact::name);
  return found == kFacts.end() ? nullptr : &*found;
}

bool is_internal(std::string_view name) {
  const auto* fact = find_fact(name);
  return fact != nullptr && fact->what.empty() && name != "shell";
}

std::string_view unaliased(std::string_view name) {
  for (const auto& fact : kFacts) {
    bool is_it = false;
    for_each_name(fact.aliases, [&](auto alias) { is_it |= alias == name; });
    if (is_it) return fact.name;
  }
  return name;
}

}  // namespace config
