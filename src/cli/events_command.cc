#include "cli/events_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>

#include "base/dir_watch.h"
#include "base/event_loop.h"
#include "base/target.h"
#include "base/time_spec.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/event_reader.h"
#include "cli/leaving.h"
#include "cli/log_place.h"
#include "cli/log_range.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/text_cells.h"
#include "cli/views.h"

namespace cli {
namespace {

using base::Errc;
using base::Result;

constexpr size_t kDefaultLines = 15;
// Where the directory can't be watched, and for what a watch may miss.
constexpr std::chrono::milliseconds kLookAgain{1000};

std::string time_text(base::Timestamp time, bool utc) {
  const auto at =
      base::wall_time(time, utc ? base::Zone::Utc : base::Zone::Local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", at.year,
                     at.month, at.day, at.hour, at.minute, at.second,
                     at.us / 1000);
}

std::string event_row(const store::Event& event, bool several, bool utc,
                      bool color) {
  const std::string app = event.app.empty() ? "lodge" : event.app;
  const std::string name = several && event.instance >= 0
                               ? fmt::format("{}/{}", app, event.instance)
                               : app;
  const auto words = event_words(event);
  return fmt::format("{} {} · {}{}\n", time_text(event.time, utc),
                     styled(printable(name), Style::Bold, color),
                     printable(words.what),
                     words.command.empty()
                         ? std::string()
                         : styled(printable(words.command), Style::Dim, color));
}

Result<std::optional<size_t>> number_of(const Args& args,
                                        std::string_view flag) {
  const auto text = args.value(flag);
  if (!text || (flag == "lines" && *text == "all")) return std::nullopt;
  size_t value = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size()) return value;
  return base::fail(
      Errc::Invalid, fmt::format("--{}: '{}' is not a number", flag, *text),
      flag == "lines" ? "for example: -n 100, or -n all"
                      : fmt::format("for example: --{} 10", flag));
}

Result<std::optional<base::Timestamp>> time_of(const Args& args,
                                               std::string_view flag) {
  const auto text = args.value(flag);
  if (!text) return std::nullopt;
  auto time =
      base::parse_time(*text, base::SystemClock().now(),
                       args.has("utc") ? base::Zone::Utc : base::Zone::Local);
  if (!time) return base::pass(std::move(time), fmt::format("--{}", flag));
  return *time;
}

// "start,exit", also repeated.
Result<std::set<store::EventKind>> kinds_of(const Args& args) {
  std::set<store::EventKind> kinds;
  for (const auto& value : args.values("kind")) {
    for (size_t at = 0; at <= value.size();) {
      const auto end = std::min(value.find(',', at), value.size());
      const auto word = value.substr(at, end - at);
      at = end + 1;
      if (const auto kind = store::find_event_kind(word)) {
        kinds.insert(*kind);
        continue;
      }
      std::vector<std::string> known;
      for (const auto name : store::event_names()) known.emplace_back(name);
      const auto nearest = base::nearest_word(word, known);
      return base::fail(
          Errc::Invalid, fmt::format("--kind: '{}' is no event", word),
          nearest.empty() ? fmt::format("{}", fmt::join(known, ", "))
                          : fmt::format("did you mean {}?", nearest));
    }
  }
  return kinds;
}

Result<EventFilter> filter_of(const Args& args) {
  auto since = time_of(args, "since");
  if (!since) return base::fail(std::move(since.error()));
  auto until = time_of(args, "until");
  if (!until) return base::fail(std::move(until.error()));
  if (const auto around = args.value("around")) {
    auto middle = time_of(args, "around");
    if (!middle) return base::fail(std::move(middle.error()));
    auto window = base::parse_duration(args.value("window").value_or("10s"));
    if (!window) return base::pass(std::move(window), "--window");
    *since = base::Timestamp{(*middle)->us - window->count() * 1000};
    *until = base::Timestamp{(*middle)->us + window->count() * 1000 + 1};
  }
  std::optional<int64_t> generation;
  if (const auto given = args.value("generation")) {
    auto number = parse_generation(*given);
    if (!number) return base::fail(std::move(number.error()));
    generation = *number;
  }
  if (auto good =
          check_range({args.value("since").value_or(""), *since},
                      {args.value("until").value_or(""), *until},
                      args.has("utc") ? base::Zone::Utc : base::Zone::Local);
      !good)
    return base::fail(std::move(good.error()));
  auto kinds = kinds_of(args);
  if (!kinds) return base::fail(std::move(kinds.error()));
  auto text = query::Pattern::compile({.any = args.values("grep"),
                                       .all = args.values("and"),
                                       .none = args.values("not"),
                                       .ignore_case = args.has("ignore-case"),
                                       .smart_case = args.has("smart-case"),
                                       .fixed = args.has("fixed-strings"),
                                       .word = args.has("word-regexp"),
                                       .whole_line = args.has("line-regexp"),
                                       .invert = args.has("invert-match")});
  if (!text) return base::fail(std::move(text.error()));
  for (const char* sums : {"reverse", "count"})
    if (args.has("follow") && args.has(sums))
      return base::fail(
          Errc::Invalid,
          fmt::format("--follow and --{}: one or the other", sums));
  return EventFilter{.targets = args.words,
                     .exclude = args.values("exclude"),
                     .since = *since,
                     .until = *until,
                     .kinds = std::move(*kinds),
                     .generation = generation,
                     .text = std::move(*text)};
}

class Rows {
 public:
  Rows(const Invocation& invocation, std::optional<size_t> most)
      : invocation_(invocation), left_(most) {}

  void show(const std::vector<store::Event>& events) {
    for (const auto& event : events)
      several_[event.app] = several_[event.app] || event.instance > 0;
    for (const auto& event : events) {
      if (!wants_more()) break;
      if (left_) --*left_;
      say(invocation_, invocation_.json ? store::format_event(event) + "\n"
                                        : event_row(event, several_[event.app],
                                                    invocation_.args.has("utc"),
                                                    invocation_.color));
    }
    (void)std::fflush(stdout);
  }
  bool wants_more() const { return left_ != size_t{0}; }

 private:
  const Invocation& invocation_;
  std::optional<size_t> left_;
  std::map<std::string, bool> several_;  // instances were seen
};

int follow(const Invocation& invocation, const std::string& dir,
           EventReader& reader, Rows& rows) {
  leave_quietly_on_signals();
  base::EventLoop loop;
  const ReaderWatch reader_watch(loop);
  int exit = kDone;
  const auto look = [&] {
    auto events = reader.read_new();
    if (!events) {
      exit = report(invocation, events.error(), kUsage);
      return loop.stop();
    }
    rows.show(*events);
    if (!rows.wants_more()) loop.stop();
  };
  const auto watch =
      base::DirWatch::open(loop, dir, [&](std::string_view name) {
        if (name.empty() || name.ends_with("-events.log")) look();
      });
  base::Timer again(loop, look);
  again.start(std::chrono::milliseconds{0}, kLookAgain);
  loop.run();
  return exit;
}

}  // namespace

int run_events(const Invocation& invocation) {
  const Args& args = invocation.args;
  auto last = number_of(args, "lines");
  if (!last) return report(invocation, last.error(), kUsage);
  auto most = number_of(args, "max-count");
  if (!most) return report(invocation, most.error(), kUsage);
  auto filter = filter_of(args);
  if (!filter) return report(invocation, filter.error(), kUsage);
  const bool selection = filter->since || filter->until ||
                         !filter->kinds.empty() || filter->generation ||
                         args.has("grep") || args.has("and") || args.has("not");
  // Who selects, or counts, means all of them.
  if (!args.has("lines") && !selection && !args.has("count") && !*most)
    *last = kDefaultLines;
  // Before any thread: unpacking forks.
  const auto place =
      LogPlace::open(invocation.home, args.value("from").value_or(""));
  if (!place) return report(invocation, place.error(), kUsage);
  EventReader reader(place->dir(), std::move(*filter));
  auto events = reader.read_new();
  if (!events) return report(invocation, events.error(), kUsage);
  const bool found = !events->empty();
  if (*last && events->size() > **last)
    events->erase(events->begin(),
                  events->end() - static_cast<std::ptrdiff_t>(**last));
  if (args.has("reverse")) std::ranges::reverse(*events);
  if (args.has("count")) {
    const size_t count = std::min(events->size(), most->value_or(SIZE_MAX));
    say(invocation, invocation.json
                        ? fmt::format("{{\"v\":1,\"count\":{}}}\n", count)
                        : fmt::format("{}\n", count));
    return selection && !found ? kFailed : kDone;
  }
  Rows rows(invocation, *most);
  rows.show(*events);
  if (args.has("follow"))
    return rows.wants_more() ? follow(invocation, place->dir(), reader, rows)
                             : kDone;
  // As for lines: nothing there is no failure, nothing found is.
  return selection && !found ? kFailed : kDone;
}

}  // namespace cli
