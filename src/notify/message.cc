#include "notify/message.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "base/units.h"

namespace notify {
namespace {

using nlohmann::ordered_json;

std::string host() {
  utsname name{};
  (void)::uname(&name);
  return name.nodename;
}

ordered_json line_json(base::Timestamp time,
                       std::optional<store::Stream> stream,
                       std::string_view text) {
  ordered_json json{{"time", base::format_stamp(time)}};
  if (stream) json["stream"] = store::stream_name(*stream);
  json["message"] = text;
  return json;
}

}  // namespace

std::string reason_of(const Rule& rule, const Message& message) {
  if (message.test) return "a test of this rule";
  const auto& what = rule.what;
  const auto window =
      what.over.count > 1
          ? fmt::format(" within {}", base::exact_duration(what.over.window))
          : std::string();
  if (what.on == "match")
    return fmt::format(
        "{} {} /{}/{}", message.firing.count,
        message.firing.count == 1 ? "line matches" : "lines match", what.match,
        window);
  std::string words = what.on;
  if (what.over.count > 1)
    words += fmt::format(" {} times{}", message.firing.count, window);
  if (message.event) words += ": " + store::describe_event(*message.event);
  return words;
}

std::string print_message(const Rule& rule, const Message& message) {
  ordered_json json{{"v", 1},
                    {"rule", rule.name},
                    {"on", rule.what.on},
                    {"app", message.app},
                    {"instance", nullptr},
                    {"time", base::format_stamp(message.firing.time)},
                    {"host", host()},
                    {"reason", reason_of(rule, message)},
                    {"count", message.firing.count},
                    {"suppressed", message.firing.suppressed}};
  if (message.firing.instance >= 0) json["instance"] = message.firing.instance;
  if (message.test) json["test"] = true;
  if (rule.what.on == "match") {
    json["match"] = rule.what.match;
    json["lines"] = ordered_json::array();
    for (const auto& line : message.firing.lines)
      json["lines"].push_back(line_json(line.time, line.stream, line.text));
  }
  if (message.event)
    json["event"] = ordered_json::parse(store::format_event(*message.event),
                                        nullptr, false);
  json["last_lines"] = ordered_json::array();
  for (const auto& line : message.last_lines)
    json["last_lines"].push_back(
        line_json(line.time, line.stream,
                  std::string_view(line.text).substr(0, Watch::kLongestLine)));
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

std::vector<std::string> message_env(const Rule& rule, const Message& message) {
  return {"LODGE_RULE=" + rule.name, "LODGE_ON=" + rule.what.on,
          "LODGE_APP=" + message.app,
          fmt::format("LODGE_INSTANCE_NUMBER={}", message.firing.instance),
          "LODGE_REASON=" + reason_of(rule, message)};
}

}  // namespace notify
