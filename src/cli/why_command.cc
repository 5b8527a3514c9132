#include "cli/why_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/eprint.h"
#include "base/time_spec.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/exit_story.h"
#include "cli/log_place.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/text_cells.h"
#include "cli/views.h"
#include "control/client.h"
#include "query/last_lines.h"

namespace cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kLastLines = 10;

// The day too, unless it is today's.
std::string moment(base::Timestamp time, base::Timestamp now, base::Zone zone) {
  const auto at = base::wall_time(time, zone);
  const auto today = base::wall_time(now, zone);
  const auto clock =
      fmt::format("{:02}:{:02}:{:02}", at.hour, at.minute, at.second);
  const bool same =
      at.year == today.year && at.month == today.month && at.day == today.day;
  return same ? clock
              : fmt::format("{:04}-{:02}-{:02} {}", at.year, at.month, at.day,
                            clock);
}

std::string line_moment(base::Timestamp time, base::Zone zone) {
  const auto at = base::wall_time(time, zone);
  return fmt::format("{:02}:{:02}:{:02}.{:06}", at.hour, at.minute, at.second,
                     at.us);
}

struct Telling {
  ExitStory story;
  StoryWords words;
  std::vector<query::LastLine> lines;
  std::string name;
};

std::string text_of(const Telling& telling, base::Timestamp now,
                    base::Zone zone, bool color) {
  const auto& [story, words, lines, name] = telling;
  // "exited with code 1 after 3h12m" with the moment in its middle.
  std::string how = words.how;
  const std::string at = " at " + moment(story.exit.time, now, zone);
  const auto after = how.find(" after ");
  how.insert(after == how.npos ? how.size() : after, at);
  std::string text = fmt::format(
      "{}  {}", styled(printable(name), Style::Bold, color), printable(how));
  for (const auto& more : {words.after, words.came})
    if (!more.empty()) text += " · " + more;
  text += "\n";
  if (!words.evidence.empty())
    text += fmt::format("  {}\n", printable(fmt::format(
                                      "{}", fmt::join(words.evidence, "; "))));
  text +=
      lines.empty() ? "  no lines of that life are there\n" : "  last lines\n";
  for (const auto& line : lines)
    text += fmt::format("    {} {} {}\n", line_moment(line.time, zone),
                        line.stream == store::Stream::Error
                            ? styled("!", Style::Red, color)
                            : std::string(" "),
                        printable(line.text));
  if (!words.next.empty())
    text += fmt::format("  next: {}\n", printable(words.next));
  for (size_t i = 0; i < words.changes.size(); ++i)
    text +=
        fmt::format("  what changed: {} at {}\n", printable(words.changes[i]),
                    moment(story.changes[i].time, now, zone));
  return text;
}

std::string json_of(const Telling& telling, bool daemon) {
  const auto& [story, words, lines, name] = telling;
  const auto event = [](const store::Event& of) {
    return ordered_json::parse(store::format_event(of), nullptr, false);
  };
  const auto maybe = [&](const std::optional<store::Event>& of) {
    return of ? event(*of) : ordered_json(nullptr);
  };
  ordered_json json{{"v", 1},
                    {"app", story.exit.app},
                    {"instance", story.exit.instance},
                    {"exit", event(story.exit)},
                    {"words", words.how},
                    {"evidence", words.evidence},
                    {"exits_in_hour", story.exits},
                    {"asked", maybe(story.asked)},
                    {"restarted", maybe(story.next)},
                    {"wait", maybe(story.wait)},
                    {"errored", maybe(story.errored)},
                    {"next", words.next},
                    {"daemon", daemon}};
  json["changes"] = ordered_json::array();
  for (const auto& change : story.changes)
    json["changes"].push_back(event(change));
  json["lines"] = ordered_json::array();
  for (const auto& line : lines)
    json["lines"].push_back({{"time", base::format_stamp(line.time)},
                             {"stream", store::stream_name(line.stream)},
                             {"message", line.text}});
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

base::Result<size_t> lines_wanted(const Args& args) {
  const auto text = args.value("lines");
  if (!text) return kLastLines;
  size_t value = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size() &&
      value <= 100'000)
    return value;
  return base::fail(base::Errc::Invalid,
                    fmt::format("--lines: '{}' is not a number", *text),
                    "for example: -n 30");
}

const control::InstanceInfo* row_of(const control::ListReply* list,
                                    const store::Event& exit) {
  if (list == nullptr) return nullptr;
  const auto row = std::ranges::find_if(list->instances, [&](const auto& r) {
    return r.app == exit.app && r.instance == exit.instance;
  });
  return row == list->instances.end() ? nullptr : &*row;
}

}  // namespace

int run_why(const Invocation& invocation) {
  const Args& args = invocation.args;
  auto most = lines_wanted(args);
  if (!most) return report(invocation, most.error(), kUsage);
  if (auto there = check_home(invocation.home); !there)
    return report(invocation, there.error(), kUsage);
  const std::string logs = invocation.home.logs();
  auto events = read_events(logs, filter_for(args.words));
  if (!events) return report(invocation, events.error(), kUsage);
  std::map<std::string, std::vector<store::Event>> by_app;
  for (auto& event : *events) by_app[event.app].push_back(std::move(event));

  auto reply = control::ask(invocation.home, control::ListRequest{},
                            {.command = invocation.line}, {});
  const auto* list = reply ? std::get_if<control::ListReply>(&*reply) : nullptr;
  if (list == nullptr && !invocation.silent)
    base::eprint("lodge: why: no daemon answers; from files alone\n");
  const auto zone = args.has("utc") ? base::Zone::Utc : base::Zone::Local;
  const auto now = base::SystemClock().now();
  std::string text;
  for (const auto& [app, theirs] : by_app) {
    auto story = last_exit(theirs);
    if (!story) continue;
    Telling telling;
    telling.story = std::move(*story);
    const auto& exit = telling.story.exit;
    const auto* row = row_of(list, exit);
    const NowOf state = row != nullptr ? NowOf{row->status, row->next_start_ms}
                                       : NowOf{"deleted", -1};
    telling.words =
        words_of(telling.story, now, list != nullptr ? &state : nullptr);
    telling.name = instance_name(
        app, exit.instance,
        telling.story.several || (row != nullptr && row->instances > 1) ? 2
                                                                        : 1);
    const auto& next = telling.story.next;
    auto lines = query::last_words(
        logs, app, exit.instance,
        telling.story.began.value_or(base::Timestamp{}),
        next ? std::optional(next->time) : std::nullopt, *most);
    if (lines)
      telling.lines = std::move(*lines);
    else
      report(invocation, lines.error(), kUsage);
    if (!text.empty() && !invocation.json) text += "\n";
    text += invocation.json ? json_of(telling, list != nullptr)
                            : text_of(telling, now, zone, invocation.color);
  }
  if (text.empty())
    return report(
        invocation,
        {base::Errc::NotFound, 0,
         args.words.front() + ": has not exited, as far as its events tell",
         "lodge events " + args.words.front()},
        kFailed);
  say(invocation, text);
  return kDone;
}

}  // namespace cli
