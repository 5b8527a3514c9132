#include "cli/notify_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/target.h"
#include "base/time_spec.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/text_cells.h"
#include "notify/hook.h"
#include "notify/rules.h"

namespace cli {
namespace {

using base::Errc;
using nlohmann::ordered_json;
using notify::Rule;

struct History {
  uint64_t fired = 0;
  uint64_t failed = 0;
  std::optional<store::Event> last;
};

std::map<std::string, History> histories(const std::string& logs) {
  std::map<std::string, History> all;
  const auto events =
      read_events(logs, filter_for({}, {store::EventKind::Notify}));
  if (!events) return all;  // there are none
  for (const auto& event : *events) {
    auto& history = all[event.rule];
    ++history.fired;
    if (event.reason.starts_with("failed")) ++history.failed;
    history.last = event;
  }
  return all;
}

std::string hook_words(const Rule& rule) {
  const auto& what = rule.what;
  if (!what.webhook.empty())
    return "webhook " + config::masked_webhook(what.webhook);
  return fmt::format("exec {}", fmt::join(what.exec, " "));
}

std::string source_of(const Rule& rule) {
  return rule.app.empty() ? "lodge set notify" : "app " + rule.app;
}

int list_rules(const Invocation& invocation, const std::vector<Rule>& rules) {
  const auto known = histories(invocation.home.logs());
  Table table{{"rule", "on", "hook", "quiet", "source", "fired", "last"}, {}};
  std::string text;
  for (const auto& rule : rules) {
    const auto found = known.find(rule.name);
    const History history = found == known.end() ? History{} : found->second;
    if (invocation.json) {
      ordered_json json{{"v", 1},
                        {"rule", rule.name},
                        {"on", rule.what.on},
                        {"app", rule.app},
                        {"hook", hook_words(rule)},
                        {"quiet_ms", rule.what.quiet.count()},
                        {"source", source_of(rule)},
                        {"fired", history.fired},
                        {"failed", history.failed},
                        {"last", nullptr},
                        {"last_result", nullptr}};
      if (rule.app.empty()) json["app"] = nullptr;
      if (!rule.what.match.empty()) json["match"] = rule.what.match;
      if (history.last) {
        json["last"] = base::format_stamp(history.last->time);
        json["last_result"] = history.last->reason;
      }
      text +=
          json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
          "\n";
      continue;
    }
    std::string last = history.last ? base::format_wall_time(history.last->time,
                                                             base::Zone::Local)
                                    : "never";
    const bool failed =
        history.last && history.last->reason.starts_with("failed");
    if (failed) last += " " + history.last->reason;
    table.rows.push_back({{rule.name, Style::Bold},
                          {config::describe_rule(rule.what)},
                          {hook_words(rule)},
                          {base::format_duration(rule.what.quiet)},
                          {source_of(rule)},
                          {fmt::format("{}", history.fired)},
                          {last, failed ? Style::Red : Style::Plain}});
  }
  if (!invocation.json)
    text = rules.empty() ? "no rules; lodge help notify says how to make one\n"
                         : draw_table(table, invocation.color);
  say(invocation, text);
  return kDone;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry)
    all.emplace_back(*entry);
  return all;
}

// Of an app's own name alone, when it has one rule.
const Rule* find_rule(const std::vector<Rule>& rules, std::string_view name) {
  const auto named = std::ranges::find(rules, name, &Rule::name);
  if (named != rules.end()) return &*named;
  const Rule* found = nullptr;
  for (const auto& rule : rules) {
    if (rule.app != name) continue;
    if (found != nullptr) return nullptr;
    found = &rule;
  }
  return found;
}

int test_rule(const Invocation& invocation, const std::vector<Rule>& rules) {
  const auto& name = invocation.args.words[1];
  const Rule* const rule = find_rule(rules, name);
  if (rule == nullptr) {
    std::vector<std::string> known;
    for (const auto& each : rules) known.push_back(each.name);
    const auto nearest = base::nearest_word(name, known);
    return report(invocation,
                  {Errc::NotFound, 0, name + ": no such rule",
                   nearest.empty() ? "lodge notify ls"
                                   : fmt::format("did you mean {}?", nearest)},
                  kUsage);
  }
  notify::Message message;
  message.app = rule->app.empty() ? "test" : rule->app;
  message.test = true;
  message.firing.time = base::SystemClock().now();
  message.firing.instance = 0;
  message.firing.lines = {{message.firing.time, store::Stream::Out,
                           "this is a test of the rule " + rule->name}};
  auto program = notify::plan_hook(*rule, message, own_environment());
  if (!program) return report(invocation, program.error(), kFailed);
  base::EventLoop loop;
  notify::HookResult result;
  notify::Hook hook(loop, *program, notify::print_message(*rule, message),
                    notify::Hook::kLimit, [&](notify::HookResult got) {
                      result = std::move(got);
                      loop.stop();
                    });
  loop.run();
  if (invocation.json) {
    ordered_json json{{"v", 1},
                      {"rule", rule->name},
                      {"ok", result.ok},
                      {"code", nullptr},
                      {"words", result.words},
                      {"took_ms", result.took.count()},
                      {"output", result.output}};
    if (result.code >= 0) json["code"] = result.code;
    say(invocation,
        json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
            "\n");
    return result.ok ? kDone : kFailed;
  }
  std::string text =
      fmt::format("[lodge] {}: {} in {} ms\n", rule->name,
                  result.code >= 0 ? fmt::format("exit code {}", result.code)
                                   : printable(result.words),
                  result.took.count());
  if (!result.output.empty()) {
    std::string_view left(result.output);
    while (left.ends_with('\n')) left.remove_suffix(1);
    while (!left.empty()) {
      const auto end = std::min(left.find('\n'), left.size());
      text += "  " + printable(left.substr(0, end)) + "\n";
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  say(invocation, text);
  if (result.ok) return kDone;
  return report(invocation,
                {Errc::Io, 0, rule->name + ": the hook failed: " + result.words,
                 "lodge notify ls"},
                kFailed);
}

}  // namespace

int run_notify(const Invocation& invocation) {
  auto rules = notify::load_rules(invocation.home);
  if (!rules) return report(invocation, rules.error(), kUsage);
  const auto& words = invocation.args.words;
  if (words[0] == "ls" && words.size() == 1)
    return list_rules(invocation, *rules);
  if (words[0] == "test" && words.size() == 2)
    return test_rule(invocation, *rules);
  return report(invocation,
                {Errc::Invalid, 0, words[0] + ": neither ls nor test NAME",
                 "lodge notify ls, lodge notify test api:errored"},
                kUsage);
}

}  // namespace cli
