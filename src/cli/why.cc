#include "cli/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/table.h"
#include "cli/text_cells.h"
#include "cli/views.h"

namespace cli {
namespace {

using nlohmann::ordered_json;

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

const control::InstanceInfo* row_of(const control::ListReply* list,
                                    const store::Event& exit) {
  if (list == nullptr) return nullptr;
  const auto row = std::ranges::find_if(list->instances, [&](const auto& r) {
    return r.app == exit.app && r.instance == exit.instance;
  });
  return row == list->instances.end() ? nullptr : &*row;
}

// An exit at `until` or later is another story. True when there was one.
bool end_before(std::vector<store::Event>& events, base::Timestamp until) {
  const auto later = std::ranges::find_if(events, [&](const auto& event) {
    return event.kind == store::EventKind::Exit && event.time >= until;
  });
  const bool any = later != events.end();
  events.erase(later, events.end());
  return any;
}

}  // namespace

std::vector<Why> find_whys(const std::string& log_dir,
                           std::vector<store::Event> events,
                           const WhyAsked& asked,
                           std::vector<base::Error>& problems) {
  std::map<std::string, std::vector<store::Event>> by_app;
  for (auto& event : events) by_app[event.app].push_back(std::move(event));
  std::vector<Why> whys;
  for (auto& [app, theirs] : by_app) {
    const bool is_past = asked.until && end_before(theirs, *asked.until);
    const auto* const list = is_past ? nullptr : asked.list;
    auto story = last_exit(theirs);
    if (!story) continue;
    Why why;
    why.story = std::move(*story);
    const auto& exit = why.story.exit;
    const auto* const row = row_of(list, exit);
    const NowOf state = row != nullptr ? NowOf{row->status, row->next_start_ms}
                                       : NowOf{"deleted", -1};
    why.words =
        words_of(why.story, asked.now, list != nullptr ? &state : nullptr);
    const bool several =
        why.story.several || (row != nullptr && row->instances > 1);
    why.name = instance_name(app, exit.instance, several ? 2 : 1);
    const auto& next = why.story.renewed ? why.story.renewed : why.story.next;
    auto lines = query::last_words(
        log_dir, app, exit.instance,
        why.story.began.value_or(base::Timestamp{}),
        next ? std::optional(next->time) : std::nullopt, asked.lines);
    if (lines)
      why.lines = std::move(*lines);
    else
      problems.push_back(std::move(lines.error()));
    whys.push_back(std::move(why));
  }
  return whys;
}

std::string why_text(const Why& why, base::Timestamp now, base::Zone zone,
                     bool color) {
  const auto& [story, words, lines, name] = why;
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

std::string why_json(const Why& why, bool daemon) {
  const auto& [story, words, lines, name] = why;
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

}  // namespace cli
