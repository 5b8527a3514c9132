#pragma once
// What the user asked for: one app, as plain data, and its form in JSON (the
// keys of the app configuration; also how the app list keeps it). Pure.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/env_settings.h"
#include "config/keep_settings.h"
#include "config/log_settings.h"
#include "config/notify_rule.h"
#include "config/ready_settings.h"

namespace config {

struct AppSpec {
  std::string name;
  std::string space = "default";  // namespace
  std::string script;             // absolute path, or a command line if `shell`
  bool shell = false;
  std::vector<std::string> args;
  std::string cwd;          // absolute
  std::string interpreter;  // empty = by extension; "none" = run directly
  std::vector<std::string> interpreter_args;
  int instances = 1;
  std::string uid;  // user to run as, a name or a number; empty = the daemon's
  std::string gid;  // likewise its group; empty = that user's own
  Environment env;  // what the app declares; see config/environment.h
  bool autorestart = true;
  int max_restarts = 16;  // unstable ones in a row
  std::chrono::milliseconds min_uptime{1000};
  std::chrono::milliseconds restart_delay{0};
  std::chrono::milliseconds kill_timeout{10'000};
  std::vector<int> stop_exit_codes;
  // Ready when it says so (READY=1, process.send("ready")); see Readiness.
  bool wait_ready = false;
  std::chrono::milliseconds listen_timeout{30'000};  // for it to be ready
  bool shutdown_with_message = false;  // node's "shutdown" before any signal
  HealthSettings health;
  Dependencies depends_on;
  KeepSettings keep;
  LogSettings log;
  EnvSettings environment;
  std::string exec_mode = "fork";  // or "cluster"; shown
  // The file that declares it, absolute; empty = a command line did.
  std::string config_file;
  std::vector<NotifyRule> notify;
  // False when the name was derived from the script, by nobody's wish.
  bool name_given = true;

  bool operator==(const AppSpec&) const = default;
};

// Unknown keys and values of a wrong kind are errors that name the key and, if
// there is one, the nearest known. What the text leaves out is as in `before`;
// null is the default.
base::Result<AppSpec> parse_spec(std::string_view json,
                                 const AppSpec& before = {});
// The name alone, of a definition that may be wrong otherwise; else empty.
std::string name_in(std::string_view json);
// What differs from the defaults, and the name.
std::string print_spec(const AppSpec& spec);

// What differs, as configuration keys ("log.max_size", "env"); apart from the
// number of instances, the inherited environment and how the name came about.
std::vector<std::string> changed_keys(const AppSpec& from, const AppSpec& to);
// Whether a running app goes by these keys without being started anew.
bool applies_live(const std::vector<std::string>& changed);

// All that differs, for who wants to know what somebody changed: also env, by
// name ("env.PORT"), and instances. Never a value.
std::vector<std::string> all_changed_keys(const AppSpec& from,
                                          const AppSpec& to);

// Every key with its value as text, and whether it differs from the default.
// Values of env are left out.
struct SpecSetting {
  std::string key;
  std::string value;
  bool is_default = true;
};
std::vector<SpecSetting> settings_of(const AppSpec& spec);

}  // namespace config
