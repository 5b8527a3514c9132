#include "cli/describe_command.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/json_views.h"
#include "cli/list_order.h"
#include "cli/report.h"
#include "cli/secrets.h"
#include "cli/text_cells.h"
#include "cli/views.h"

namespace cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMostHistory = 8;

using Env = std::vector<std::pair<std::string, std::string>>;

// Masked unless it is asked for. An older daemon tells none.
std::map<int, Env> environments(const Invocation& invocation) {
  std::map<int, Env> all;
  auto reply = control::ask(invocation.home,
                            control::EnvRequest{selection_of(invocation)},
                            {.command = invocation.line});
  if (!reply) return all;
  const auto* told = std::get_if<control::EnvReply>(&*reply);
  if (told == nullptr) return all;
  const bool show = invocation.args.has("show-secrets");
  for (const auto& row : told->instances)
    for (const auto& [name, value] : row.env)
      all[row.id].emplace_back(name, show ? value : mask_value(name, value));
  return all;
}

// Its last starts and ends, from its events: they outlive the daemon.
std::vector<store::Event> history(const Invocation& invocation,
                                  const control::InstanceInfo& row) {
  auto anything = query::Pattern::compile({});
  if (!anything) return {};
  auto events =
      read_events(invocation.home.logs(),
                  {.targets = {fmt::format("id:{}", row.id)},
                   .exclude = {},
                   .since = {},
                   .until = {},
                   .kinds = {store::EventKind::Start, store::EventKind::Exit,
                             store::EventKind::Errored},
                   .text = std::move(*anything)});
  if (!events) return {};
  if (events->size() > kMostHistory)
    events->erase(events->begin(),
                  events->end() - static_cast<ptrdiff_t>(kMostHistory));
  return std::move(*events);
}

std::string words_of(store::Event event) {
  event.command = mask_secrets(event.command);
  event.reason = mask_secrets(event.reason);
  const auto words = event_words(event);
  return words.what + words.command;
}

std::string lines_of(std::string_view title, const std::string& text) {
  return text.empty() ? "" : fmt::format("{}\n{}", title, text);
}

std::string rest_of(const std::vector<store::Event>& events, const Env& env) {
  std::string past;
  for (const auto& event : events)
    past +=
        fmt::format("  {}Z  {}\n", base::format_stamp(event.time).substr(0, 19),
                    printable(words_of(event)));
  std::string variables;
  for (const auto& [name, value] : env)
    variables += fmt::format("  {}={}\n", printable(name), printable(value));
  return lines_of("history", past) + lines_of("environment", variables);
}

void put_rest(ordered_json& json, const std::vector<store::Event>& events,
              const Env& env) {
  auto& past = json["history"] = ordered_json::array();
  for (const auto& event : events)
    past.push_back(
        {{"time", base::format_stamp(event.time)}, {"what", words_of(event)}});
  auto& variables = json["env"] = ordered_json::object();
  for (const auto& [name, value] : env) variables[name] = value;
}

}  // namespace

int run_describe(const Invocation& invocation) {
  auto list = ask_for<control::ListReply>(
      invocation, control::ListRequest{.selection = selection_of(invocation)});
  if (!list) return list.error();
  warn_of_skew(list->version);
  const auto envs = environments(invocation);
  const auto env_of = [&](int id) {
    const auto found = envs.find(id);
    return found == envs.end() ? Env() : found->second;
  };
  if (!invocation.args.has("show-secrets"))
    for (auto& row : list->instances) mask_row(row);
  if (invocation.json) {
    auto json = ordered_json::parse(describe_json(list->instances));
    for (size_t i = 0; i < list->instances.size(); ++i)
      put_rest(json[i], history(invocation, list->instances[i]),
               env_of(list->instances[i].id));
    say(invocation,
        json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
            "\n");
    return kDone;
  }
  std::string text;
  for (const auto& row : list->instances) {
    if (!text.empty()) text += "\n";
    text += describe_view(row, invocation.color);
    text += rest_of(history(invocation, row), env_of(row.id));
  }
  say(invocation, text);
  return kDone;
}

}  // namespace cli
