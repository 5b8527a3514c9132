#include "config/notify_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/regex.h"
#include "base/target.h"
#include "base/units.h"

namespace config {
namespace {

using base::Errc;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kMostTimes = 100'000;
constexpr size_t kMostRules = 100;

std::unexpected<base::Error> bad(std::string why, std::string hint = {}) {
  return base::fail(Errc::Invalid, std::move(why), std::move(hint));
}

base::Result<std::string> text_of(const json& value, std::string_view key) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty())
    return value.get<std::string>();
  return bad(fmt::format("{}: {} is no text", key,
                         base::print_json(value).substr(0, 80)));
}

base::Status read_over(const json& value, NotifyRule& rule) {
  auto text = text_of(value, "over");
  if (!text) return base::fail(std::move(text.error()));
  const auto slash = text->find('/');
  int count = 0;
  const char* const end = text->data() + std::min(slash, text->size());
  const auto [at, error] = std::from_chars(text->data(), end, count);
  const bool number =
      error == std::errc{} && at == end && count >= 1 && count <= kMostTimes;
  if (!number || slash == text->npos)
    return bad(fmt::format("over: '{}' is no rate", *text),
               R"(five times within a minute is "5/1m")");
  auto window = base::parse_duration(text->substr(slash + 1));
  if (!window) return base::pass(std::move(window), "over");
  if (window->count() <= 0) return bad("over: a time of 0");
  rule.over = {count, *window};
  return {};
}

base::Status read_on(const json& value, NotifyRule& rule) {
  auto text = text_of(value, "on");
  if (!text) return base::fail(std::move(text.error()));
  // "match: RE", as one writes it in a line.
  if (text->starts_with("match:")) {
    rule.match = text->substr(6);
    rule.match.erase(
        0, std::min(rule.match.find_first_not_of(' '), rule.match.size()));
    *text = "match";
  }
  const auto& known = notify_occasions();
  if (std::ranges::count(known, *text) == 0) {
    const auto nearest = base::nearest_word(*text, known);
    return bad(fmt::format("on: '{}' is nothing to notify of", *text),
               nearest.empty()
                   ? "errored, oom, restart_loop, disk_full, dropped, exited, "
                     "unhealthy, or match: RE"
                   : fmt::format("did you mean {}?", nearest));
  }
  rule.on = std::move(*text);
  return {};
}

base::Status read_exec(const json& value, NotifyRule& rule) {
  rule.exec.clear();
  rule.shell = value.is_string();
  if (rule.shell) {
    rule.exec.push_back(value.get<std::string>());
  } else {
    if (!value.is_array()) return bad("exec: neither text nor a list of words");
    for (const auto& word : value) {
      if (!word.is_string()) return bad("exec: not all words are text");
      rule.exec.push_back(word.get<std::string>());
    }
  }
  if (rule.exec.empty() || rule.exec.front().empty()) return bad("exec: empty");
  for (const auto& word : rule.exec)
    if (word.find('\0') != word.npos) return bad("exec: has a NUL");
  return {};
}

base::Status read_webhook(const json& value, NotifyRule& rule) {
  auto text = text_of(value, "webhook");
  if (!text) return base::fail(std::move(text.error()));
  const bool web =
      text->starts_with("http://") || text->starts_with("https://");
  const bool clean = std::ranges::none_of(
      *text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  // The URL may hold a secret: it is not repeated.
  if (!web || !clean)
    return bad("webhook: no URL", "it begins with http:// or https://");
  rule.webhook = std::move(*text);
  return {};
}

base::Status read_quiet(const json& value, NotifyRule& rule) {
  if (value.is_number_integer()) {
    rule.quiet = milliseconds(value.get<int64_t>());
  } else {
    auto text = text_of(value, "quiet");
    if (!text) return base::fail(std::move(text.error()));
    auto time = base::parse_duration(*text);
    if (!time) return base::pass(std::move(time), "quiet");
    rule.quiet = *time;
  }
  if (rule.quiet.count() < 0) return bad("quiet: less than 0");
  return {};
}

base::Status read_member(const std::string& key, const json& value,
                         NotifyRule& rule) {
  if (key == "on") return read_on(value, rule);
  if (key == "over") return read_over(value, rule);
  if (key == "exec") return read_exec(value, rule);
  if (key == "webhook") return read_webhook(value, rule);
  if (key == "quiet") return read_quiet(value, rule);
  if (key == "match" || key == "name") {
    auto text = text_of(value, key);
    if (!text) return base::fail(std::move(text.error()));
    if (key == "match") rule.match = std::move(*text);
    if (key == "name") {
      if (auto good = base::check_app_name(*text); !good)
        return base::pass(std::move(good), "name");
      rule.name = std::move(*text);
    }
    return {};
  }
  const std::vector<std::string> known = {"on",    "over",  "exec", "webhook",
                                          "quiet", "match", "name"};
  const auto nearest = base::nearest_word(key, known);
  return bad(fmt::format("{}: no such setting of a rule", key),
             nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

base::Result<NotifyRule> read_rule(const json& object) {
  if (!object.is_object()) return bad("a rule is an object");
  NotifyRule rule;
  if (const auto on = object.find("on");
      on != object.end() && *on == "restart_loop")
    rule.over = {5, milliseconds(60'000)};
  for (const auto& [key, value] : object.items())
    if (auto read = read_member(key, value, rule); !read)
      return base::fail(std::move(read.error()));
  if (rule.on.empty() && !rule.match.empty()) rule.on = "match";
  if (rule.on.empty()) return bad("on: missing");
  if ((rule.on == "match") == rule.match.empty())
    return rule.match.empty() ? bad("match: missing")
                              : bad("match: goes with on: match alone");
  if (rule.exec.empty() == rule.webhook.empty())
    return bad(rule.exec.empty() ? "exec or webhook is missing"
                                 : "exec and webhook: one or the other");
  if (!rule.match.empty())
    if (auto good = base::Regex::compile(rule.match); !good)
      return base::pass(std::move(good), "match");
  return rule;
}

}  // namespace

const std::vector<std::string>& notify_occasions() {
  static const std::vector<std::string> all = {
      "errored", "oom",       "restart_loop", "disk_full", "dropped",
      "exited",  "unhealthy", "ship_behind",  "match"};
  return all;
}

base::Result<std::vector<NotifyRule>> read_notify(const json& value) {
  const json list = value.is_array() ? value : json::array({value});
  if (list.size() > kMostRules)
    return bad(fmt::format("more than {} rules", kMostRules));
  std::vector<NotifyRule> rules;
  std::set<std::string> names;
  for (size_t i = 0; i < list.size(); ++i) {
    auto rule = read_rule(list[i]);
    if (!rule)
      return base::pass(std::move(rule), fmt::format("rule {}", i + 1));
    if (!rule->name.empty() && !names.insert(rule->name).second)
      return bad(fmt::format("two rules of the name {}", rule->name));
    rules.push_back(std::move(*rule));
  }
  for (auto& rule : rules) {
    if (!rule.name.empty()) continue;
    rule.name = rule.on;
    for (int n = 2; !names.insert(rule.name).second; ++n)
      rule.name = fmt::format("{}-{}", rule.on, n);
  }
  return rules;
}

base::Result<std::vector<NotifyRule>> parse_notify(std::string_view text) {
  auto parsed = base::parse_json(text, {.bytes = size_t{1} << 20, .depth = 8});
  if (!parsed) return base::fail(std::move(parsed.error()));
  return read_notify(*parsed);
}

nlohmann::ordered_json write_notify(const std::vector<NotifyRule>& rules) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& rule : rules) {
    nlohmann::ordered_json object{{"name", rule.name}, {"on", rule.on}};
    if (!rule.match.empty()) object["match"] = rule.match;
    if (rule.over != NotifyRule::Over{})
      object["over"] = fmt::format("{}/{}", rule.over.count,
                                   base::exact_duration(rule.over.window));
    if (rule.shell)
      object["exec"] = rule.exec.front();
    else if (!rule.exec.empty())
      object["exec"] = rule.exec;
    if (!rule.webhook.empty()) object["webhook"] = rule.webhook;
    if (rule.quiet != NotifyRule::kQuiet) object["quiet"] = rule.quiet.count();
    list.push_back(std::move(object));
  }
  return list;
}

std::string masked_webhook(std::string_view url) {
  const auto host = std::min(url.find("://"), url.size() - 3) + 3;
  const auto end = std::min(url.find_first_of("/?#", host), url.size());
  std::string shown(url.substr(0, end));
  if (const auto at = shown.rfind('@'); at != shown.npos && at >= host)
    shown.erase(host, at + 1 - host);
  return end == url.size() ? shown : shown + "/…";
}

std::string describe_rule(const NotifyRule& rule) {
  std::string words =
      rule.on == "match" ? fmt::format("match /{}/", rule.match) : rule.on;
  if (rule.over.count > 1)
    words += fmt::format(" over {}/{}", rule.over.count,
                         base::exact_duration(rule.over.window));
  return words;
}

}  // namespace config
