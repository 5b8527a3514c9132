#include "control/codec.h"

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <nlohmann/json.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/json.h"
#include "control/framing.h"

// Each message is described once, by the list of its members; writing and
// reading both follow that list, so they can't differ.
namespace control {
namespace {

using nlohmann::json;

constexpr int kDepth = 16;  // of JSON; our deepest message has 5

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
                    Member{"brief", &M::brief}};
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

// In the order of the variants.
constexpr auto kRequestNames = std::to_array<std::string_view>(
    {"ping", "start", "stop", "restart", "delete", "list", "flush", "kill",
     "update", "rotate", "reopen", "prune", "scale", "reset", "signal", "input",
     "env", "save", "resurrect"});
constexpr auto kReplyNames = std::to_array<std::string_view>(
    {"ping", "outcomes", "list", "flush", "done", "error", "rotate", "reopen",
     "input", "env", "save"});
static_assert(kRequestNames.size() == std::variant_size_v<Request>);
static_assert(kReplyNames.size() == std::variant_size_v<Reply>);

// --- writing ---------------------------------------------------------------

template <class T>
json write(const T& value);

template <class T>
json write(const std::vector<T>& list) {
  json array = json::array();
  for (const auto& item : list) array.push_back(write(item));
  return array;
}

json write(const std::vector<std::pair<std::string, std::string>>& pairs) {
  json object = json::object();
  for (const auto& [key, value] : pairs) object[key] = value;
  return object;
}

template <class T>
json write(const T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
    return value;
  } else {
    json object = json::object();
    // Of hundreds of rows: what a reader assumes of a missing member is left
    // out.
    static const T kDefault{};
    constexpr bool kBrief = std::same_as<T, InstanceInfo>;
    const auto put = [&](const auto& member) {
      if (kBrief && value.*member.at == kDefault.*member.at) return;
      object[member.key] = write(value.*member.at);
    };
    std::apply([&](const auto&... member) { (put(member), ...); },
               members(&value));
    return object;
  }
}

// --- reading ---------------------------------------------------------------

// Thrown and caught in this file alone: the library's way of failing, with a
// path to the member that is wrong.
struct Wrong {
  std::string member;
  std::string why;
};

template <class T>
void read(const json& from, T& value, const std::string& at);

template <class T>
void read(const json& from, std::vector<T>& list, const std::string& at) {
  if (!from.is_array()) throw Wrong{at, "not a list"};
  list.clear();
  list.reserve(from.size());
  for (const auto& item : from) read(item, list.emplace_back(), at);
}

void read(const json& from,
          std::vector<std::pair<std::string, std::string>>& pairs,
          const std::string& at) {
  if (!from.is_object()) throw Wrong{at, "not an object"};
  pairs.clear();
  for (const auto& [key, value] : from.items()) {
    if (!value.is_string()) throw Wrong{at + "." + key, "not a string"};
    pairs.emplace_back(key, value.get<std::string>());
  }
}

template <std::integral T>
void read_integer(const json& from, T& value, const std::string& at) {
  if (!from.is_number_integer()) throw Wrong{at, "not a whole number"};
  const bool fits = from.is_number_unsigned()
                        ? std::in_range<T>(from.get<uint64_t>())
                        : std::in_range<T>(from.get<int64_t>());
  if (!fits) throw Wrong{at, "out of range"};
  value = from.get<T>();
}

template <class T>
void read(const json& from, T& value, const std::string& at) {
  if constexpr (std::same_as<T, bool>) {
    if (!from.is_boolean()) throw Wrong{at, "not true or false"};
    value = from.get<bool>();
  } else if constexpr (std::integral<T>) {
    read_integer(from, value, at);
  } else if constexpr (std::floating_point<T>) {
    if (!from.is_number()) throw Wrong{at, "not a number"};
    value = from.get<T>();
  } else if constexpr (std::same_as<T, std::string>) {
    if (!from.is_string()) throw Wrong{at, "not a string"};
    value = from.get<std::string>();
  } else {
    if (!from.is_object()) throw Wrong{at, "not an object"};
    const auto read_member = [&](const auto& member) {
      const auto found = from.find(member.key);
      if (found == from.end()) return;
      read(*found, value.*member.at,
           at.empty() ? member.key : at + "." + member.key);
    };
    std::apply([&](const auto&... member) { (read_member(member), ...); },
               members(&value));
  }
}

// The alternative that `name` means, read from `object`.
template <class Variant, size_t I = 0>
Variant read_variant(const json& object, std::string_view name,
                     std::span<const std::string_view> names) {
  if constexpr (I == std::variant_size_v<Variant>) {
    throw Wrong{std::string(name), "unknown to this version of lodge"};
  } else {
    if (names[I] != name)
      return read_variant<Variant, I + 1>(object, name, names);
    std::variant_alternative_t<I, Variant> message;
    read(object, message, "");
    return message;
  }
}

base::Result<json> read_object(std::string_view payload, size_t cap) {
  auto parsed = base::parse_json(payload, {.bytes = cap, .depth = kDepth});
  if (!parsed) return base::pass(std::move(parsed), "message");
  if (!parsed->is_object())
    return base::fail(base::Errc::Invalid, "message: not an object");
  return parsed;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) throw Wrong{key, "missing"};
  return found->get<std::string>();
}

std::unexpected<base::Error> wrong_message(const Wrong& wrong) {
  return base::fail(
      base::Errc::Invalid,
      fmt::format("message: {}: {}", wrong.member, wrong.why),
      "command and daemon may be of different versions: lodge version");
}

}  // namespace

std::string_view request_name(const Request& request) {
  return kRequestNames[request.index()];
}

std::string encode(const Request& request, const Caller& caller) {
  json object =
      std::visit([](const auto& message) { return write(message); }, request);
  object["request"] = request_name(request);
  object["caller"] = write(caller);
  return base::print_json(object);
}

std::string encode(const Reply& reply) {
  json object =
      std::visit([](const auto& message) { return write(message); }, reply);
  object["reply"] = kReplyNames[reply.index()];
  return base::print_json(object);
}

base::Result<Asked> decode_request(std::string_view payload) try {
  auto object = read_object(payload, kRequestCap);
  if (!object) return base::fail(std::move(object.error()));
  Asked asked;
  asked.request = read_variant<Request>(*object, text_of(*object, "request"),
                                        kRequestNames);
  if (const auto caller = object->find("caller"); caller != object->end())
    read(*caller, asked.caller, "caller");
  return asked;
} catch (const Wrong& wrong) {
  return wrong_message(wrong);
} catch (const nlohmann::json::exception& error) {
  return base::fail(base::Errc::Invalid, error.what());
}

base::Result<Reply> decode_reply(std::string_view payload) try {
  auto object = read_object(payload, kReplyCap);
  if (!object) return base::fail(std::move(object.error()));
  return read_variant<Reply>(*object, text_of(*object, "reply"), kReplyNames);
} catch (const Wrong& wrong) {
  return wrong_message(wrong);
} catch (const nlohmann::json::exception& error) {
  return base::fail(base::Errc::Invalid, error.what());
}

}  // namespace control
