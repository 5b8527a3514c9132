#include "cli/json_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/units.h"

namespace cli {
namespace {

using control::InstanceInfo;
using nlohmann::ordered_json;

std::string line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

ordered_json time_or_null(int64_t unix_ms) {
  if (unix_ms <= 0) return nullptr;
  return base::format_stamp(base::Timestamp{unix_ms * 1000});
}

ordered_json number_or_null(int64_t value, int64_t none = -1) {
  if (value == none) return nullptr;
  return value;
}

double tenths(double value) {
  return std::round(value * 10) / 10;
}

ordered_json text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

ordered_json instance_json(const InstanceInfo& row) {
  ordered_json json;
  json["v"] = 1;
  json["id"] = row.id;
  json["app"] = row.app;
  json["namespace"] = row.space;
  json["instance"] = row.instance;
  json["instances"] = row.instances;
  json["status"] = row.status;
  json["reason"] = text_or_null(row.reason);
  json["health"] = text_or_null(row.health);
  json["health_reason"] = text_or_null(row.health_reason);
  json["said"] = text_or_null(row.said);
  json["pid"] = number_or_null(row.pid, 0);
  json["generation"] = row.generation;
  json["started"] = time_or_null(row.started_at_ms);
  json["created"] = time_or_null(row.created_at_ms);
  json["uptime_ms"] = number_or_null(row.uptime_ms);
  json["next_start_ms"] = number_or_null(row.next_start_ms);
  json["restarts"] = row.restarts;
  json["unstable_restarts"] = row.unstable_restarts;
  json["last_exit_code"] = number_or_null(row.last_exit_code);
  json["last_exit_signal"] = number_or_null(row.last_exit_signal, 0);
  json["cpu_percent"] = tenths(row.cpu_percent);
  json["memory_bytes"] = row.memory_bytes;
  json["processes"] = row.processes;
  json["user"] = row.user;
  json["mode"] = row.mode;
  json["version"] = text_or_null(row.version);
  json["script"] = row.script;
  json["args"] = row.args;
  json["interpreter"] = text_or_null(row.interpreter);
  json["cwd"] = row.cwd;
  json["out_file"] = row.out_file;
  json["error_file"] = row.error_file;
  json["events_file"] = row.events_file;
  json["log_bytes"] = row.log_bytes;
  json["log_rate"] = row.log_rate;
  json["dropped_lines"] = row.dropped_lines;
  json["dropped_bytes"] = row.dropped_bytes;
  json["disk_full"] = row.disk_full;
  json["output_pending"] = row.output_pending;
  json["watching"] = row.watching;
  return json;
}

// PM2 has no word for the time between two tries but this one.
std::string pm2_status(const std::string& status) {
  return status == "waiting" ? "waiting restart" : status;
}

ordered_json pm2_instance(const InstanceInfo& row) {
  ordered_json env;
  env["name"] = row.app;
  env["namespace"] = row.space;
  env["version"] = row.version.empty() ? "N/A" : row.version;
  env["status"] = pm2_status(row.status);
  env["pm_id"] = row.id;
  env["pm_uptime"] = row.started_at_ms;
  env["created_at"] = row.created_at_ms;
  env["restart_time"] = row.restarts;
  env["unstable_restarts"] = row.unstable_restarts;
  // As in PM2, 0 when a signal ended it; null for what never ended.
  const bool ended = row.last_exit_code >= 0 || row.last_exit_signal > 0;
  env["exit_code"] =
      ended ? nlohmann::ordered_json(std::max(row.last_exit_code, 0))
            : nlohmann::ordered_json();
  env["exec_mode"] = row.mode == "cluster" ? "cluster_mode" : "fork_mode";
  env["exec_interpreter"] = row.interpreter.empty() ? "none" : row.interpreter;
  env["instances"] = row.instances;
  env["NODE_APP_INSTANCE"] = row.instance;
  env["username"] = row.user;
  env["args"] = row.args;
  env["pm_exec_path"] = row.script;
  env["pm_cwd"] = row.cwd;
  env["pm_out_log_path"] = row.out_file;
  env["pm_err_log_path"] = row.error_file;
  env["watch"] = row.watching;
  env["dropped_lines"] = row.dropped_lines;
  env["dropped_bytes"] = row.dropped_bytes;
  // Those settings that programs around PM2 look at, as it writes them.
  for (const auto& setting : row.settings) {
    if (setting.key == "autorestart" || setting.key == "merge_logs")
      env[setting.key] = setting.value == "true";
    if (setting.key == "kill_timeout" || setting.key == "restart_delay" ||
        setting.key == "min_uptime")
      if (const auto time = base::parse_duration(setting.value))
        env[setting.key] = time->count();
  }
  ordered_json json;
  json["pid"] = row.pid;
  json["name"] = row.app;
  json["pm2_env"] = std::move(env);
  json["pm_id"] = row.id;
  json["monit"] = {{"memory", row.memory_bytes},
                   {"cpu", tenths(row.cpu_percent)}};
  return json;
}

template <class Make>
std::string array_of(const std::vector<InstanceInfo>& instances, Make make) {
  ordered_json array = ordered_json::array();
  for (const auto& row : instances) array.push_back(make(row));
  return line_of(array);
}

}  // namespace

std::string list_json(const std::vector<InstanceInfo>& instances) {
  return array_of(instances, instance_json);
}

std::string describe_json(const std::vector<InstanceInfo>& instances) {
  return array_of(instances, [](const InstanceInfo& row) {
    ordered_json json = instance_json(row);
    if (!row.limits.empty()) {
      auto& limits = json["limits"] = ordered_json::object();
      for (const auto& limit : row.limits)
        limits[limit.key] = {{"value", limit.value}, {"by", limit.source}};
    }
    auto& settings = json["settings"] = ordered_json::object();
    for (const auto& setting : row.settings)
      settings[setting.key] = {{"value", setting.value},
                               {"source", setting.source}};
    return json;
  });
}

std::string pm2_json(const std::vector<InstanceInfo>& instances, bool pretty) {
  const auto text = array_of(instances, pm2_instance);
  if (!pretty) return text;
  return ordered_json::parse(text).dump(2) + "\n";
}

std::string outcomes_json(const std::vector<control::Outcome>& outcomes) {
  std::string text;
  for (const auto& outcome : outcomes) {
    ordered_json json;
    json["v"] = 1;
    json["app"] = outcome.app;
    json["id"] = number_or_null(outcome.id);
    json["instance"] = outcome.instance;
    json["action"] = outcome.action;
    json["failed"] = outcome.failed;
    json["detail"] = text_or_null(outcome.detail);
    json["ready_ms"] = number_or_null(outcome.ready_ms);
    json["log_bytes"] = number_or_null(outcome.log_bytes);
    text += line_of(json);
  }
  return text;
}

std::string flush_json(const control::FlushReply& reply) {
  std::string text;
  for (const auto& file : reply.files) {
    ordered_json json;
    json["v"] = 1;
    json["app"] = file.app;
    json["file"] = file.path;
    json["bytes"] = file.bytes;
    json["sealed"] = file.sealed;
    json["dry_run"] = reply.dry_run;
    text += line_of(json);
  }
  return text;
}

std::string rotate_json(const control::RotateReply& reply) {
  std::string text;
  for (const auto& file : reply.files) {
    ordered_json json;
    json["v"] = 1;
    json["app"] = file.app;
    json["file"] = file.path;
    json["outcome"] = file.outcome;
    json["segment"] = text_or_null(file.segment);
    json["bytes"] = file.bytes;
    if (!file.error.empty()) json["error"] = file.error;
    text += line_of(json);
  }
  return text;
}

std::string ping_json(const control::PingReply& reply) {
  ordered_json json;
  json["v"] = 1;
  json["daemon"] = reply.daemon_pid;
  json["keeper"] = number_or_null(reply.keeper_pid, 0);
  json["version"] = reply.version;
  json["uptime_ms"] = reply.uptime_ms;
  json["degraded"] = reply.degraded;
  json["safe"] = reply.safe;
  if (!reply.update_error.empty()) json["update_error"] = reply.update_error;
  return line_of(json);
}

}  // namespace cli
