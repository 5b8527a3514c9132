#pragma once
// The members of every message, each described once: writing and reading both
// follow these lists, so they can't differ. Part of codec.cc.

#include <tuple>

#include "control/message.h"

namespace control {

template <class Owner, class Value>
struct Member {
  const char* key;
  Value Owner::* at;
};

template <class M>
constexpr auto members(const M*) {
  return std::tuple<>{};  // PingRequest, KillRequest, DoneReply
}
constexpr auto members(const Caller*) {
  return std::tuple{Member{"command", &Caller::command}};
}
constexpr auto members(const Selection*) {
  using M = Selection;
  return std::tuple{Member{"targets", &M::targets},
                    Member{"exclude", &M::exclude}};
}
constexpr auto members(const StartRequest*) {
  using M = StartRequest;
  return std::tuple{Member{"definitions", &M::definitions},
                    Member{"known", &M::known},
                    Member{"wait", &M::wait},
                    Member{"wait_ms", &M::wait_ms},
                    Member{"update_env", &M::update_env},
                    Member{"env", &M::env},
                    Member{"variant", &M::variant},
                    Member{"restart", &M::restart},
                    Member{"dry_run", &M::dry_run},
                    Member{"prune", &M::prune},
                    Member{"keep", &M::keep}};
}
constexpr auto members(const StopRequest*) {
  return std::tuple{Member{"selection", &StopRequest::selection}};
}
constexpr auto members(const RestartRequest*) {
  using M = RestartRequest;
  return std::tuple{Member{"selection", &M::selection},
                    Member{"wait", &M::wait},
                    Member{"update_env", &M::update_env},
                    Member{"env", &M::env}, Member{"variant", &M::variant}};
}
constexpr auto members(const DeleteRequest*) {
  using M = DeleteRequest;
  return std::tuple{Member{"selection", &M::selection},
                    Member{"logs", &M::logs}};
}
constexpr auto members(const ListRequest*) {
  using M = ListRequest;
  return std::tuple{Member{"selection", &M::selection},
                    Member{"brief", &M::brief}, Member{"table", &M::table}};
}
constexpr auto members(const FlushRequest*) {
  using M = FlushRequest;
  return std::tuple{
      Member{"selection", &M::selection}, Member{"dry_run", &M::dry_run},
      Member{"archives", &M::archives}, Member{"before_us", &M::before_us}};
}
constexpr auto members(const RotateRequest*) {
  return std::tuple{Member{"selection", &RotateRequest::selection}};
}
constexpr auto members(const PruneRequest*) {
  using M = PruneRequest;
  return std::tuple{
      Member{"selection", &M::selection}, Member{"before_us", &M::before_us},
      Member{"to_bytes", &M::to_bytes}, Member{"free_bytes", &M::free_bytes},
      Member{"dry_run", &M::dry_run}};
}
constexpr auto members(const UpdateRequest*) {
  return std::tuple{Member{"path", &UpdateRequest::path}};
}
constexpr auto members(const ScaleRequest*) {
  using M = ScaleRequest;
  return std::tuple{Member{"app", &M::app}, Member{"count", &M::count},
                    Member{"relative", &M::relative}, Member{"wait", &M::wait}};
}
constexpr auto members(const ResetRequest*) {
  return std::tuple{Member{"selection", &ResetRequest::selection}};
}
constexpr auto members(const SignalRequest*) {
  using M = SignalRequest;
  return std::tuple{Member{"selection", &M::selection},
                    Member{"signal", &M::signal}};
}
constexpr auto members(const InputRequest*) {
  using M = InputRequest;
  return std::tuple{Member{"selection", &M::selection},
                    Member{"data", &M::data}};
}
constexpr auto members(const EnvRequest*) {
  return std::tuple{Member{"selection", &EnvRequest::selection}};
}
constexpr auto members(const InputReply*) {
  return std::tuple{Member{"bytes", &InputReply::bytes}};
}
constexpr auto members(const InstanceEnv*) {
  using M = InstanceEnv;
  return std::tuple{Member{"app", &M::app}, Member{"id", &M::id},
                    Member{"instance", &M::instance},
                    Member{"instances", &M::instances}, Member{"env", &M::env}};
}
constexpr auto members(const EnvReply*) {
  return std::tuple{Member{"instances", &EnvReply::instances}};
}
constexpr auto members(const SaveRequest*) {
  return std::tuple{Member{"name", &SaveRequest::name}};
}
constexpr auto members(const ResurrectRequest*) {
  using M = ResurrectRequest;
  return std::tuple{Member{"name", &M::name},
                    Member{"start_known", &M::start_known},
                    Member{"wait", &M::wait}};
}
constexpr auto members(const PingReply*) {
  using M = PingReply;
  return std::tuple{Member{"daemon_pid", &M::daemon_pid},
                    Member{"keeper_pid", &M::keeper_pid},
                    Member{"version", &M::version},
                    Member{"uptime_ms", &M::uptime_ms},
                    Member{"degraded", &M::degraded},
                    Member{"safe", &M::safe},
                    Member{"updates", &M::updates},
                    Member{"update_error", &M::update_error}};
}
constexpr auto members(const Outcome*) {
  using M = Outcome;
  return std::tuple{Member{"app", &M::app},
                    Member{"id", &M::id},
                    Member{"instance", &M::instance},
                    Member{"instances", &M::instances},
                    Member{"action", &M::action},
                    Member{"failed", &M::failed},
                    Member{"detail", &M::detail},
                    Member{"launched", &M::launched},
                    Member{"ready_ms", &M::ready_ms},
                    Member{"generation", &M::generation},
                    Member{"started_at", &M::started_at},
                    Member{"log_bytes", &M::log_bytes}};
}
constexpr auto members(const OutcomesReply*) {
  return std::tuple{Member{"outcomes", &OutcomesReply::outcomes}};
}
constexpr auto members(const Setting*) {
  using M = Setting;
  return std::tuple{Member{"key", &M::key}, Member{"value", &M::value},
                    Member{"source", &M::source}};
}
constexpr auto members(const InstanceInfo*) {
  using M = InstanceInfo;
  return std::tuple{Member{"id", &M::id},
                    Member{"app", &M::app},
                    Member{"namespace", &M::space},
                    Member{"instance", &M::instance},
                    Member{"instances", &M::instances},
                    Member{"status", &M::status},
                    Member{"reason", &M::reason},
                    Member{"health", &M::health},
                    Member{"health_reason", &M::health_reason},
                    Member{"said", &M::said},
                    Member{"main_pid", &M::main_pid},
                    Member{"pid", &M::pid},
                    Member{"generation", &M::generation},
                    Member{"started_at_ms", &M::started_at_ms},
                    Member{"created_at_ms", &M::created_at_ms},
                    Member{"uptime_ms", &M::uptime_ms},
                    Member{"next_start_ms", &M::next_start_ms},
                    Member{"restarts", &M::restarts},
                    Member{"unstable_restarts", &M::unstable_restarts},
                    Member{"cpu_percent", &M::cpu_percent},
                    Member{"memory_bytes", &M::memory_bytes},
                    Member{"processes", &M::processes},
                    Member{"user", &M::user},
                    Member{"mode", &M::mode},
                    Member{"version", &M::version},
                    Member{"script", &M::script},
                    Member{"args", &M::args},
                    Member{"interpreter", &M::interpreter},
                    Member{"cwd", &M::cwd},
                    Member{"last_exit_code", &M::last_exit_code},
                    Member{"last_exit_signal", &M::last_exit_signal},
                    Member{"out_file", &M::out_file},
                    Member{"error_file", &M::error_file},
                    Member{"events_file", &M::events_file},
                    Member{"log_bytes", &M::log_bytes},
                    Member{"log_rate", &M::log_rate},
                    Member{"dropped_lines", &M::dropped_lines},
                    Member{"dropped_bytes", &M::dropped_bytes},
                    Member{"disk_full", &M::disk_full},
                    Member{"output_pending", &M::output_pending},
                    Member{"watching", &M::watching},
                    Member{"limits", &M::limits},
                    Member{"settings", &M::settings}};
}
constexpr auto members(const ShortHistory*) {
  using M = ShortHistory;
  return std::tuple{Member{"app", &M::app}, Member{"age_ms", &M::age_ms}};
}
constexpr auto members(const ListReply*) {
  using M = ListReply;
  return std::tuple{Member{"instances", &M::instances},
                    Member{"logs_bytes", &M::logs_bytes},
                    Member{"logs_cap", &M::logs_cap},
                    Member{"logs_age_ms", &M::logs_age_ms},
                    Member{"short_histories", &M::short_histories},
                    Member{"disk_full", &M::disk_full},
                    Member{"degraded", &M::degraded},
                    Member{"safe", &M::safe},
                    Member{"version", &M::version},
                    Member{"warning", &M::warning}};
}
constexpr auto members(const FlushedFile*) {
  using M = FlushedFile;
  return std::tuple{Member{"app", &M::app}, Member{"path", &M::path},
                    Member{"bytes", &M::bytes}, Member{"sealed", &M::sealed}};
}
constexpr auto members(const FlushReply*) {
  using M = FlushReply;
  return std::tuple{Member{"files", &M::files}, Member{"dry_run", &M::dry_run}};
}
constexpr auto members(const RotatedFile*) {
  using M = RotatedFile;
  return std::tuple{
      Member{"app", &M::app},         Member{"path", &M::path},
      Member{"outcome", &M::outcome}, Member{"segment", &M::segment},
      Member{"bytes", &M::bytes},     Member{"error", &M::error}};
}
constexpr auto members(const RotateReply*) {
  return std::tuple{Member{"files", &RotateReply::files}};
}
constexpr auto members(const ReopenReply*) {
  return std::tuple{Member{"files", &ReopenReply::files}};
}
constexpr auto members(const SaveReply*) {
  return std::tuple{Member{"path", &SaveReply::path},
                    Member{"apps", &SaveReply::apps}};
}
constexpr auto members(const ErrorReply*) {
  using M = ErrorReply;
  return std::tuple{Member{"message", &M::message}, Member{"hint", &M::hint},
                    Member{"exit_code", &M::exit_code},
                    Member{"ending", &M::ending}};
}

}  // namespace control
