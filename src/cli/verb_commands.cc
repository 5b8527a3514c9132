#include "cli/verb_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/eprint.h"
#include "base/json.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/definition.h"
#include "cli/report.h"
#include "cli/secrets.h"
#include "cli/signal_names.h"
#include "cli/start_command.h"
#include "cli/text_cells.h"
#include "cli/views.h"

namespace cli {
namespace {

using base::Errc;
using control::OutcomesReply;

// As long as the apps take.
constexpr control::Patience kAsLong = {.while_alive = true};

// "4", "+2", "-1"
base::Result<control::ScaleRequest> parse_scale(const Args& args) {
  const std::string& word = args.words[1];
  std::string_view digits = word;
  const char sign = digits.empty() ? '\0' : digits.front();
  control::ScaleRequest request;
  request.app = args.words[0];
  request.relative = sign == '+' || sign == '-';
  if (request.relative) digits.remove_prefix(1);
  const auto* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, request.count);
  if (digits.empty() || error != std::errc{} || at != end || request.count < 0)
    return base::fail(
        Errc::Invalid, fmt::format("{}: not a number of instances", word),
        fmt::format("lodge scale {} 4, or +2, or -1", request.app));
  if (sign == '-') request.count = -request.count;
  return request;
}

std::vector<std::pair<std::string, std::string>> new_env(
    const Invocation& invocation) {
  if (!invocation.args.has("update-env")) return {};
  return app_environment(environ);
}

// One after the other; after one that fails the rest is left as it is.
std::expected<OutcomesReply, int> restart_one_by_one(
    const Invocation& invocation, const std::vector<int>& ids) {
  OutcomesReply all;
  for (const int id : ids) {
    control::RestartRequest request{
        .selection = {.targets = {fmt::format("id:{}", id)}, .exclude = {}},
        .wait = true,
        .update_env = invocation.args.has("update-env"),
        .env = new_env(invocation)};
    auto reply = ask_for<OutcomesReply>(invocation, request, kAsLong);
    if (!reply) return std::unexpected(reply.error());
    std::ranges::move(reply->outcomes, std::back_inserter(all.outcomes));
    const bool failed =
        std::ranges::any_of(reply->outcomes, &control::Outcome::failed);
    if (!failed) continue;
    const auto left = ids.end() - std::ranges::find(ids, id) - 1;
    if (left > 0 && !invocation.silent)
      base::eprint("lodge: {}: {} instance{} after that one left as {} {}\n",
                   invocation.command.name, left, left == 1 ? "" : "s",
                   left == 1 ? "it" : "they", left == 1 ? "was" : "were");
    break;
  }
  return all;
}

// What became of an instance later takes the place of what was before.
void take_over(OutcomesReply& reply, OutcomesReply later) {
  for (auto& outcome : later.outcomes) {
    const auto same =
        std::ranges::find(reply.outcomes, outcome.id, &control::Outcome::id);
    if (same != reply.outcomes.end())
      *same = std::move(outcome);
    else
      reply.outcomes.push_back(std::move(outcome));
  }
}

void say_what_reload_is(const Invocation& invocation) {
  if (!invocation.silent)
    base::eprint(
        "lodge: {}: instances are restarted one by one, each waited "
        "for; a new one does not yet take over from the old\n",
        invocation.command.name);
}

}  // namespace

int run_scale(const Invocation& invocation) {
  auto request = parse_scale(invocation.args);
  if (!request) return report(invocation, request.error(), kUsage);
  request->wait = !invocation.args.has("no-wait");
  auto reply = ask_for<OutcomesReply>(invocation, *request, kAsLong);
  if (!reply) return reply.error();
  return show_outcomes(invocation, *reply);
}

int run_reload(const Invocation& invocation) {
  auto list = ask_for<control::ListReply>(
      invocation, control::ListRequest{.selection = selection_of(invocation),
                                       .brief = true});
  if (!list) return list.error();
  if (list->instances.empty())
    return report(invocation,
                  {Errc::NotFound, 0,
                   invocation.args.words.front() + ": there is nothing of it",
                   "lodge list"},
                  kFailed);
  say_what_reload_is(invocation);
  std::vector<int> ids;
  for (const auto& row : list->instances) ids.push_back(row.id);
  auto reply = restart_one_by_one(invocation, ids);
  if (!reply) return reply.error();
  return show_outcomes(invocation, *reply);
}

int run_start_or_restart(const Invocation& invocation) {
  return run_start_and(
      invocation, [&](OutcomesReply& reply) -> std::expected<void, int> {
        control::RestartRequest request;
        request.wait = !invocation.args.has("no-wait");
        for (const auto& outcome : reply.outcomes)
          if (outcome.action == "unchanged")
            request.selection.targets.push_back(
                fmt::format("id:{}", outcome.id));
        if (request.selection.targets.empty()) return {};
        auto restarted = ask_for<OutcomesReply>(invocation, request, kAsLong);
        if (!restarted) return std::unexpected(restarted.error());
        take_over(reply, std::move(*restarted));
        return {};
      });
}

int run_start_or_reload(const Invocation& invocation) {
  return run_start_and(invocation,
                       [&](OutcomesReply& reply) -> std::expected<void, int> {
                         std::vector<int> ids;
                         for (const auto& outcome : reply.outcomes)
                           if (outcome.action == "unchanged")
                             ids.push_back(outcome.id);
                         if (ids.empty()) return {};
                         say_what_reload_is(invocation);
                         auto restarted = restart_one_by_one(invocation, ids);
                         if (!restarted)
                           return std::unexpected(restarted.error());
                         take_over(reply, std::move(*restarted));
                         return {};
                       });
}

int run_reset(const Invocation& invocation) {
  auto reply = ask_for<OutcomesReply>(
      invocation, control::ResetRequest{selection_of(invocation)});
  if (!reply) return reply.error();
  return show_outcomes(invocation, *reply);
}

int run_send_signal(const Invocation& invocation) {
  auto number = parse_signal(invocation.args.words.front());
  if (!number) return report(invocation, number.error(), kUsage);
  auto selection = selection_of(invocation);
  selection.targets.erase(selection.targets.begin());
  auto reply = ask_for<OutcomesReply>(
      invocation, control::SignalRequest{std::move(selection), *number});
  if (!reply) return reply.error();
  for (auto& outcome : reply->outcomes) {
    if (!outcome.failed) outcome.detail = signal_name(*number);
    outcome.started_at.clear();  // its last lines have nothing to do with it
  }
  return show_outcomes(invocation, *reply);
}

int run_send(const Invocation& invocation) {
  const auto& words = invocation.args.words;
  // As one line, whatever the shell made of it.
  std::string line;
  for (size_t i = 1; i < words.size(); ++i)
    line += (i > 1 ? " " : "") + words[i];
  line += '\n';
  const control::Selection to = {.targets = {words.front()}, .exclude = {}};
  auto reply = ask_for<control::InputReply>(
      invocation, control::InputRequest{to, base::base64(line)});
  if (!reply) return reply.error();
  if (reply->bytes < line.size())
    return report(invocation,
                  {Errc::WouldBlock, 0,
                   fmt::format("{}: its input is full: {} of {} bytes went in",
                               words.front(), reply->bytes, line.size()),
                   "it does not read what was sent before"},
                  kFailed);
  if (invocation.json)
    say(invocation, fmt::format(R"({{"v":1,"action":"sent","bytes":{}}})"
                                "\n",
                                line.size()));
  return kDone;
}

int run_env(const Invocation& invocation) {
  auto reply = ask_for<control::EnvReply>(
      invocation, control::EnvRequest{selection_of(invocation)});
  if (!reply) return reply.error();
  const bool show = invocation.args.has("show-secrets");
  std::string text;
  for (const auto& row : reply->instances) {
    nlohmann::ordered_json json;
    json["v"] = 1;
    json["app"] = row.app;
    json["id"] = row.id;
    json["instance"] = row.instance;
    auto& env = json["env"] = nlohmann::ordered_json::object();
    if (reply->instances.size() > 1 && !invocation.json)
      text += fmt::format("{}{} (id {})\n", text.empty() ? "" : "\n",
                          instance_name(row.app, row.instance, row.instances),
                          row.id);
    for (const auto& [name, value] : row.env) {
      const auto shown = show ? value : mask_value(name, value);
      env[name] = shown;
      if (!invocation.json)
        text += fmt::format("{}={}\n", printable(name),
                            show ? shown : printable(shown));
    }
    if (invocation.json) text += base::print_json(json) + "\n";
  }
  say(invocation, text);
  return kDone;
}

int run_id(const Invocation& invocation) {
  auto list = ask_for<control::ListReply>(
      invocation, control::ListRequest{.selection = selection_of(invocation),
                                       .brief = true});
  if (!list) return list.error();
  std::string text;
  for (const auto& row : list->instances)
    text += invocation.json
                ? fmt::format(R"({{"v":1,"app":"{}","instance":{},"id":{}}})"
                              "\n",
                              row.app, row.instance, row.id)
                : fmt::format("{}\n", row.id);
  say(invocation, text);
  return kDone;
}

}  // namespace cli
