#include "cli/events_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>

#include "base/event_loop.h"
#include "base/target.h"
#include "base/time_spec.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/leaving.h"
#include "cli/log_place.h"
#include "cli/log_range.h"
#include "cli/logs_command.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/text_cells.h"
#include "cli/views.h"
#include "query/follow.h"

namespace cli {
namespace {

using base::Errc;
using base::Result;

constexpr size_t kDefaultLines = 15;

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

// Keeps what is there, as it may be cut and turned; then shows what comes.
class EventRows final : public query::Printer {
 public:
  EventRows(const Invocation& invocation, const EventFilter& filter,
            std::optional<size_t> most)
      : invocation_(invocation), sieve_(filter), left_(most) {}

  void piece(const query::Origin&, const store::Piece&) override {}
  bool event(const query::Origin& origin, const store::Event& event) override {
    several_[event.app] = origin.numbered;
    sieve_.learn(event);
    if (!sieve_.takes(event)) return false;
    if (keeping_) {
      kept_.push_back(event);
      return true;
    }
    if (!sieve_.is_of_life(event)) return false;
    show(event);
    return true;
  }
  void settle() override { (void)std::fflush(stdout); }
  bool wants_more() const override { return keeping_ || left_ != size_t{0}; }

  std::vector<store::Event> take_kept() {
    keeping_ = false;
    std::erase_if(kept_,
                  [&](const auto& event) { return !sieve_.is_of_life(event); });
    return std::move(kept_);
  }
  void show(const store::Event& event) {
    if (!wants_more()) return;
    if (left_) --*left_;
    say(invocation_, invocation_.json ? store::format_event(event) + "\n"
                                      : event_row(event, several_[event.app],
                                                  invocation_.args.has("utc"),
                                                  invocation_.color));
  }

 private:
  const Invocation& invocation_;
  EventSieve sieve_;
  std::optional<size_t> left_;
  bool keeping_ = true;
  std::vector<store::Event> kept_;
  std::map<std::string, bool> several_;  // instances of an app
};

// False when something could not be read.
bool follow(const Invocation& invocation, const std::string& dir,
            const EventFilter& filter, query::Reading& reading,
            EventRows& rows) {
  leave_quietly_on_signals();
  base::EventLoop loop;
  const ReaderWatch reader_watch(loop);
  bool whole = true;
  query::FollowOptions options;
  options.dir = dir;
  options.replan = [&] { return plan_events(dir, filter); };
  options.on_problem = [&](const base::Error& problem) {
    whole = false;
    report(invocation, problem, kUsage);
  };
  query::Follower follower(loop, reading, rows, std::move(options));
  follower.start();
  loop.run();
  return whole;
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
  auto plan = plan_events(place->dir(), *filter);
  if (!plan) return report(invocation, plan.error(), kUsage);
  raise_descriptor_limit();
  query::Reading reading({}, *plan, args.has("follow"));
  EventRows rows(invocation, *filter, *most);
  for (const auto& problem : plan->unknown) report(invocation, problem, kUsage);
  reading.replay(rows);
  bool whole = reading.problems().empty() && plan->unknown.empty();
  for (const auto& problem : reading.problems())
    report(invocation, problem, kUsage);
  reading.problems().clear();
  auto events = rows.take_kept();
  const bool found = !events.empty();
  if (*last && events.size() > **last)
    events.erase(events.begin(),
                 events.end() - static_cast<std::ptrdiff_t>(**last));
  if (args.has("reverse")) std::ranges::reverse(events);
  if (args.has("count")) {
    const size_t count = std::min(events.size(), most->value_or(SIZE_MAX));
    say(invocation, invocation.json
                        ? fmt::format("{{\"v\":1,\"count\":{}}}\n", count)
                        : fmt::format("{}\n", count));
  } else {
    for (const auto& event : events) rows.show(event);
    rows.settle();
    if (args.has("follow") && rows.wants_more())
      whole = follow(invocation, place->dir(), *filter, reading, rows) && whole;
  }
  if (!whole) return kUsage;
  // As for lines: nothing there is no failure, nothing found is.
  return selection && !found && !args.has("follow") ? kFailed : kDone;
}

}  // namespace cli
