#include "cli/definition.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"
#include "base/target.h"
#include "base/units.h"
#include "cli/keep_flags.h"
#include "config/file_apps.h"
#include "config/shell_words.h"

namespace cli {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;
using base::Status;

constexpr int kMostInstances = 1024;

constexpr std::array<std::string_view, 28> kDefinitionFlags = {
    "name",
    "instances",
    "namespace",
    "cwd",
    "interpreter",
    "max-restarts",
    "min-uptime",
    "restart-delay",
    "kill-timeout",
    "no-autorestart",
    "stop-exit-codes",
    "wait-ready",
    "listen-timeout",
    "shutdown-with-message",
    "interpreter-args",
    "output",
    "error",
    "log",
    "merge-logs",
    "disable-logs",
    "time",
    "uid",
    "gid",
    "env-file",
    "filter-env",
    "node-args",
    "log-type",
    "set"};

// Names, and prefixes that end in '*'.
constexpr std::array<std::string_view, 26> kNotForApps = {
    "SSH_*", "SUDO_*", "TERM", "TERM_*", "TERMCAP", "COLORTERM", "COLUMNS",
    "LINES", "TMUX*", "STY", "WINDOW", "WINDOWID", "VTE_*", "KONSOLE_*",
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "_",
    // ... and to whoever runs the command: a service manager, node.
    "NOTIFY_SOCKET", "WATCHDOG_*", "NODE_CHANNEL_*", "LISTEN_*",
    "INVOCATION_ID", "JOURNAL_STREAM", "MANAGERPID", "SYSTEMD_EXEC_PID"};

bool belongs_to_terminal(std::string_view name) {
  return std::ranges::any_of(kNotForApps, [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return name == pattern;
    pattern.remove_suffix(1);
    return name.starts_with(pattern);
  });
}

Result<int> whole_number(std::string_view flag, std::string_view text,
                         int least, int most) {
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() &&
      value >= least && value <= most)
    return value;
  return base::fail(
      Errc::Invalid,
      fmt::format("--{}: '{}' is not a number from {} to {}", flag, text, least,
                  most),
      fmt::format("for example: --{} {}", flag, std::clamp(3, least, most)));
}

Status read_number(const Args& args, std::string_view flag, int least, int most,
                   std::optional<int>& into) {
  const auto text = args.value(flag);
  if (!text) return {};
  auto value = whole_number(flag, *text, least, most);
  if (!value) return base::fail(std::move(value.error()));
  into = *value;
  return {};
}

Status read_duration(const Args& args, std::string_view flag,
                     std::optional<int64_t>& into) {
  const auto text = args.value(flag);
  if (!text) return {};
  auto value = base::parse_duration(*text);
  if (!value) return base::pass(std::move(value), "--" + std::string(flag));
  into = value->count();
  return {};
}

Status read_instances(const Args& args, std::optional<int>& into) {
  const auto text = args.value("instances");
  if (!text) return {};
  int count = 0;
  if (*text != "max") {
    auto given =
        whole_number("instances", *text, -kMostInstances, kMostInstances);
    if (!given)
      return base::fail(
          Errc::Invalid,
          fmt::format("--instances: '{}' is neither max nor a number from {} "
                      "to {}",
                      *text, -kMostInstances, kMostInstances),
          "for example: -i 3; max or 0: one a CPU; -1: one less than that");
    count = *given;
  }
  const int cpus = static_cast<int>(
      std::clamp<long>(::sysconf(_SC_NPROCESSORS_ONLN), 1, kMostInstances));
  into = count > 0 ? count : std::max(1, cpus + count);
  return {};
}

std::vector<std::string> split(std::string_view text,
                               std::string_view separators) {
  std::vector<std::string> parts;
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == text.npos) return parts;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(separators), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

Status read_exit_codes(const Args& args, std::vector<int>& into) {
  for (const auto& text : args.values("stop-exit-codes")) {
    for (const auto& part : split(text, ", ")) {
      auto code = whole_number("stop-exit-codes", part, 0, 255);
      if (!code) return base::fail(std::move(code.error()));
      into.push_back(*code);
    }
  }
  return {};
}

Status read_name(const Args& args, std::string_view flag, std::string& into) {
  const auto text = args.value(flag);
  if (!text) return {};
  if (auto good = base::check_app_name(*text); !good)
    return flag == "name"
               ? good
               : base::pass(std::move(good), "--" + std::string(flag));
  into = *text;
  return {};
}

Status read_cwd(const Args& args, const std::string& caller_dir,
                std::string& into) {
  into = caller_dir;
  const auto text = args.value("cwd");
  if (!text) return {};
  into = fs::absolute(*text, caller_dir);
  const auto info = fs::stat(into);
  if (info && S_ISDIR(info->st_mode)) return {};
  return base::fail(Errc::NotFound,
                    fmt::format("--cwd: {}: {}", into,
                                info ? "not a directory" : "no such directory"),
                    "the app runs there; make it first");
}

Status read_env_flags(const Args& args, const std::string& caller_dir,
                      StartSettings& settings) {
  for (const auto& word : args.values("env-file")) {
    auto variables = config::read_env_file(word, caller_dir);
    if (!variables) return base::pass(std::move(variables), "--env-file");
    for (auto& [name, value] : *variables)
      settings.env.emplace_back(name, std::move(value));
    settings.env_files.push_back(fs::absolute(word, caller_dir));
  }
  for (const auto& text : args.values("filter-env"))
    for (auto& part : split(text, ", "))
      settings.filter_env.push_back(std::move(part));
  const auto type = args.value("log-type");
  settings.log_json = type == "json";
  if (type && !settings.log_json)
    return base::fail(Errc::Invalid,
                      fmt::format("--log-type: '{}' is not json", *type));
  return {};
}

Status check_utf8(const Args& args) {
  auto all = args.words;
  for (const auto& more :
       {args.rest, args.values("output"), args.values("error"),
        args.values("log"), args.values("set"), args.values("pid"),
        args.values("watch"), args.values("ignore-watch")})
    all.insert(all.end(), more.begin(), more.end());
  for (const auto& word : all)
    if (!base::is_utf8(word))
      return base::fail(Errc::Invalid,
                        fmt::format("argument {}: not UTF-8", word),
                        "put such bytes into a file or a wrapper script");
  return {};
}

// A script that --set names is looked for as one that a word names.
Status read_sets(const Args& args, StartSettings& settings) {
  for (const auto& text : args.values("set")) {
    auto setting = read_set_flag(text, settings.cwd, settings.warnings);
    if (!setting) return base::fail(std::move(setting.error()));
    if (setting->key == "script")
      settings.script =
          nlohmann::json::parse(setting->json).at("script").get<std::string>();
    else
      settings.set.push_back(std::move(*setting));
  }
  return {};
}

}  // namespace

Environment app_environment(const char* const* environ) {
  Environment environment;
  for (; environ != nullptr && *environ != nullptr; ++environ) {
    const std::string_view entry(*environ);
    const auto equals = entry.find('=');
    if (equals == entry.npos || equals == 0) continue;
    const auto name = entry.substr(0, equals);
    if (belongs_to_terminal(name) || !base::is_utf8(entry)) continue;
    environment.emplace_back(name, entry.substr(equals + 1));
  }
  return environment;
}

Result<StartSettings> read_settings(const Args& args,
                                    const std::string& caller_dir) {
  StartSettings settings;
  for (auto status :
       {check_utf8(args), read_name(args, "name", settings.name),
        read_name(args, "namespace", settings.space),
        read_instances(args, settings.instances),
        read_number(args, "max-restarts", 0, 1'000'000, settings.max_restarts),
        read_duration(args, "min-uptime", settings.min_uptime_ms),
        read_duration(args, "restart-delay", settings.restart_delay_ms),
        read_duration(args, "kill-timeout", settings.kill_timeout_ms),
        read_duration(args, "listen-timeout", settings.listen_timeout_ms),
        read_exit_codes(args, settings.stop_exit_codes),
        read_cwd(args, caller_dir, settings.cwd)})
    if (!status) return base::fail(std::move(status.error()));
  auto keep = nlohmann::ordered_json::object();
  if (auto read = read_keep_flags(args, keep); !read)
    return base::fail(std::move(read.error()));
  settings.keep = keep.dump();
  settings.cwd_given = args.has("cwd");
  settings.autorestart = !args.has("no-autorestart");
  settings.wait_ready = args.has("wait-ready");
  settings.shutdown_with_message = args.has("shutdown-with-message");
  settings.interpreter = args.value("interpreter").value_or("");
  settings.uid = args.value("uid").value_or("");
  settings.gid = args.value("gid").value_or("");
  for (const auto* flag : {"interpreter-args", "node-args"}) {
    for (const auto& text : args.values(flag)) {
      auto words = config::shell_words(text);
      if (!words) return base::pass(std::move(words), "--" + std::string(flag));
      std::ranges::move(*words, std::back_inserter(settings.interpreter_args));
    }
  }
  if (auto read = read_env_flags(args, caller_dir, settings); !read)
    return base::fail(std::move(read.error()));
  settings.args = args.rest;
  settings.out_file = args.value("output").value_or("");
  settings.error_file = args.value("error").value_or("");
  settings.log_file = args.value("log").value_or("");
  settings.merge_logs = args.has("merge-logs");
  settings.disable_logs = args.has("disable-logs");
  settings.time = args.has("time");
  if (auto read = read_sets(args, settings); !read)
    return base::fail(std::move(read.error()));
  return settings;
}

bool has_definition_flags(const Args& args) {
  return !args.rest.empty() ||
         std::ranges::any_of(kDefinitionFlags,
                             [&](auto flag) { return args.has(flag); }) ||
         std::ranges::any_of(
             kKeepFlags, [&](const Flag& flag) { return args.has(flag.name); });
}

Status apply_flags(nlohmann::ordered_json& json,
                   const StartSettings& settings) {
  if (!settings.args.empty()) json["args"] = settings.args;
  if (!settings.interpreter.empty()) json["interpreter"] = settings.interpreter;
  if (!settings.interpreter_args.empty())
    json["interpreter_args"] = settings.interpreter_args;
  if (settings.instances) json["instances"] = *settings.instances;
  if (!settings.space.empty()) json["namespace"] = settings.space;
  if (!settings.autorestart) json["autorestart"] = false;
  if (settings.max_restarts) json["max_restarts"] = *settings.max_restarts;
  if (settings.min_uptime_ms) json["min_uptime"] = *settings.min_uptime_ms;
  if (settings.restart_delay_ms)
    json["restart_delay"] = *settings.restart_delay_ms;
  if (settings.kill_timeout_ms)
    json["kill_timeout"] = *settings.kill_timeout_ms;
  if (settings.wait_ready) json["wait_ready"] = true;
  if (settings.listen_timeout_ms)
    json["listen_timeout"] = *settings.listen_timeout_ms;
  if (settings.shutdown_with_message) json["shutdown_with_message"] = true;
  if (!settings.stop_exit_codes.empty())
    json["stop_exit_codes"] = settings.stop_exit_codes;
  for (const auto& [key, text] : {std::pair{"out_file", &settings.out_file},
                                  {"error_file", &settings.error_file},
                                  {"log_file", &settings.log_file},
                                  {"uid", &settings.uid},
                                  {"gid", &settings.gid}})
    if (!text->empty()) json[key] = *text;
  for (const auto& [key, given] : {std::pair{"merge_logs", settings.merge_logs},
                                   {"disable_logs", settings.disable_logs},
                                   {"time", settings.time}})
    if (given) json[key] = true;
  if (settings.log_json) json["log"]["stamp"] = "json";
  if (!settings.filter_env.empty()) json["filter_env"] = settings.filter_env;
  if (!settings.env_files.empty()) json["env_file"] = settings.env_files;
  for (const auto& [name, value] : settings.env) json["env"][name] = value;
  json.update(nlohmann::ordered_json::parse(settings.keep));
  for (const auto& setting : settings.set) {
    if (auto set = apply_setting(json, setting); !set) return set;
    if (setting.key == "name") json["name_given"] = true;
  }
  return {};
}

void name_script(nlohmann::ordered_json& json, const Script& script) {
  json["script"] = script.path;
  if (script.shell) json["shell"] = true;
  if (script.interpreter.empty() || json.contains("interpreter")) return;
  json["interpreter"] = script.interpreter.front();
  std::vector<std::string> args(script.interpreter.begin() + 1,
                                script.interpreter.end());
  if (json.contains("interpreter_args"))
    for (const auto& arg : json["interpreter_args"])
      args.push_back(arg.get<std::string>());
  if (!args.empty()) json["interpreter_args"] = args;
}

Result<Script> script_in_set(const StartSettings& settings) {
  auto script = find_script(
      settings.script, {.cwd = settings.cwd,
                        .caller_dir = settings.cwd,
                        .path = program_path(),
                        .interpreter_given = !settings.interpreter.empty()});
  if (!script) return base::pass(std::move(script), "--set: script");
  return script;
}

Result<std::string> make_definition(const StartSettings& settings,
                                    const Script& named) {
  Script script = named;
  if (!settings.script.empty()) {
    auto found = script_in_set(settings);
    if (!found) return base::fail(std::move(found.error()));
    script = std::move(*found);
  }
  nlohmann::ordered_json json;
  json["name"] = settings.name.empty() ? default_name(script) : settings.name;
  json["name_given"] = !settings.name.empty();
  json["cwd"] = settings.cwd;
  if (!settings.interpreter.empty()) json["interpreter"] = settings.interpreter;
  if (!settings.interpreter_args.empty())
    json["interpreter_args"] = settings.interpreter_args;
  name_script(json, script);
  StartSettings rest = settings;
  rest.interpreter_args.clear();  // they are there
  if (auto applied = apply_flags(json, rest); !applied)
    return base::fail(std::move(applied.error()));
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::string> make_change(const StartSettings& settings,
                                const std::string& app,
                                const std::string& variant) {
  nlohmann::ordered_json json;
  json["name"] = app;
  if (settings.cwd_given) json["cwd"] = settings.cwd;
  if (!variant.empty()) json["env_variant"] = variant;
  if (auto applied = apply_flags(json, settings); !applied)
    return base::fail(std::move(applied.error()));
  if (!settings.script.empty()) {
    auto script = script_in_set(settings);
    if (!script) return base::fail(std::move(script.error()));
    json["shell"] = false;
    name_script(json, *script);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> missing_places(const std::string& definition) {
  const auto json = base::parse_json(definition);
  if (!json || !json->is_object()) return {};
  const auto text_of = [&](const char* key) -> std::string {
    const auto found = json->find(key);
    return found != json->end() && found->is_string()
               ? found->get<std::string>()
               : std::string();
  };
  const std::string cwd = text_of("cwd");
  // Where a relative path begins is not always known.
  const auto is_missing = [&](const std::string& path) {
    if (path.empty() || (path.front() != '/' && cwd.empty())) return false;
    return !fs::exists(fs::absolute(path, cwd));
  };
  std::vector<std::string> missing;
  const std::string pid_file = text_of("pid_file");
  const std::string pid_dir =
      pid_file.find('/') == pid_file.npos ? "" : fs::dir_name(pid_file);
  if (is_missing(pid_dir))
    missing.push_back(fmt::format("{}: pid_file: {}: no such directory",
                                  text_of("name"), pid_dir));
  const auto watch = json->find("watch");
  if (watch == json->end()) return missing;
  const auto paths =
      watch->is_array() ? *watch : nlohmann::json::array({*watch});
  for (const auto& path : paths) {
    if (!path.is_string() || path == "true" || path == "false") continue;
    const auto word = path.get<std::string>();
    if (word.find_first_of("*?[{!") == word.npos && is_missing(word))
      missing.push_back(fmt::format("{}: watch: {}: no such file or directory",
                                    text_of("name"), word));
  }
  return missing;
}

}  // namespace cli
