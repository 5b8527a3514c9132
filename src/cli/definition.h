#pragma once
// What `start` and its flags say of one app, checked and written in the keys of
// the app configuration.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/args.h"
#include "cli/script.h"
#include "cli/set_flag.h"

namespace cli {

using Environment = std::vector<std::pair<std::string, std::string>>;

// Of `environ`, without what belongs to the login and the terminal, and without
// what is not UTF-8.
Environment app_environment(const char* const* environ);

// The flags' values, checked before any script is looked for.
struct StartSettings {
  std::string name;  // empty = from the script
  std::string space;
  std::string cwd;  // absolute
  bool cwd_given = false;
  std::string interpreter;
  std::string uid, gid;
  std::vector<std::string> interpreter_args;
  std::optional<int> instances;
  bool autorestart = true;
  std::optional<int> max_restarts;
  std::optional<int64_t> min_uptime_ms, restart_delay_ms, kill_timeout_ms;
  std::vector<int> stop_exit_codes;
  bool wait_ready = false, shutdown_with_message = false;
  std::optional<int64_t> listen_timeout_ms;
  std::vector<std::string> args;               // of the app
  std::string out_file, error_file, log_file;  // empty = not given
  bool merge_logs = false, disable_logs = false, time = false;
  Environment env;  // of --env-file
  std::vector<std::string> env_files, filter_env;
  bool log_json = false;
  // Keys and values of what keep_flags.h has, as a JSON object.
  std::string keep = "{}";
  // Of `--set`, which has the last word.
  std::vector<Setting> set;
  std::string script;                 // ... as it was written; empty = none
  std::vector<std::string> warnings;  // ... of what means nothing here
};

// Errc::Invalid for a wrong value (exit 2), Errc::NotFound for a directory or
// an interpreter that is not there (exit 1).
base::Result<StartSettings> read_settings(const Args& args,
                                          const std::string& caller_dir);

// Flags that say how an app is, and do not only choose some.
bool has_definition_flags(const Args& args);

// What the flags say, over what `json` has; but for name and cwd.
// Errc::Invalid: --set makes nothing of it.
base::Status apply_flags(nlohmann::ordered_json& json,
                         const StartSettings& settings);

// The script as it was found, and its interpreter if its first line says one
// and `json` does not.
void name_script(nlohmann::ordered_json& json, const Script& script);

// What a definition names and is not there, though the app may start without
// it: the directory of its pid file, paths that are watched.
std::vector<std::string> missing_places(const std::string& definition);

// The script that --set names. Errc::Invalid, Errc::NotFound: find_script().
base::Result<Script> script_in_set(const StartSettings& settings);

// A JSON object for control::StartRequest. Errc::Invalid as apply_flags().
base::Result<std::string> make_definition(const StartSettings& settings,
                                          const Script& script);

// ... of an app that is known: what the flags say, over what it is. `variant`
// is of env_NAME; empty = as it is.
base::Result<std::string> make_change(const StartSettings& settings,
                                      const std::string& app,
                                      const std::string& variant);

}  // namespace cli
