#include "cli/log_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/units.h"
#include "cli/log_conflicts.h"
#include "cli/log_range.h"
#include "query/cursor.h"
#include "query/generations.h"
#include "store/catalog.h"

namespace cli {
namespace {

using base::Errc;
using base::Result;
using Which = query::LifeChoice::Which;

constexpr uint64_t kDefaultLines = 15;
constexpr int64_t kDefaultWindowUs = 10'000'000;
// Beyond all stamps, from any of them.
constexpr int64_t kMostWindowUs = 1'000'000'000'000'000'000;

Result<uint64_t> parse_number(std::string_view flag, const std::string& text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || text.empty())
    return base::fail(
        Errc::Invalid,
        fmt::format("{}: '{}' is not a number of lines", flag, text),
        flag == "--lines" ? "for example: -n 100, or -n all"
                          : fmt::format("for example: {} 10", flag));
  return value;
}

Result<std::optional<base::Timestamp>> parse_when(std::string_view flag,
                                                  const std::string& text,
                                                  base::Timestamp now,
                                                  base::Zone zone) {
  if (text.empty()) return std::nullopt;
  auto time = base::parse_time(text, now, zone);
  if (!time) return base::pass(std::move(time), flag);
  return *time;
}

base::Status read_context(const LogsArgs& args, query::ContextOptions& into) {
  const auto set = [&](std::string_view flag,
                       const std::optional<std::string>& text,
                       uint64_t& lines) -> base::Status {
    if (!text) return {};
    auto number = parse_number(flag, *text);
    if (!number) return base::fail(std::move(number.error()));
    lines = *number;
    into.parted = true;
    return {};
  };
  if (auto s = set("--context", args.context, into.before); !s) return s;
  into.after = into.before;
  if (auto s = set("--before-context", args.before, into.before); !s) return s;
  if (auto s = set("--after-context", args.after, into.after); !s) return s;
  if (!args.context_of.empty() && args.context_of != "all")
    return base::fail(Errc::Invalid,
                      fmt::format("--context-of: '{}'", args.context_of),
                      "all, or leave it out: of the same instance");
  into.whole_flow = args.context_of == "all";
  return {};
}

base::Status read_life(const LogsArgs& args, query::LifeChoice& into) {
  if (args.since_restart) into.which = Which::SinceRestart;
  if (args.last_crash) into.which = Which::LastCrash;
  if (!args.generation) return {};
  auto value = parse_generation(*args.generation);
  if (!value) return base::fail(std::move(value.error()));
  into.which = *value > 0 ? Which::Number : Which::FromEnd;
  into.number = static_cast<uint64_t>(std::abs(*value));
  return {};
}

base::Status read_times(const LogsArgs& args, base::Timestamp now,
                        LogRequest& request) {
  auto& query = request.query;
  auto since = parse_when("--since", args.since, now, request.zone);
  if (!since) return base::fail(std::move(since.error()));
  auto until = parse_when("--until", args.until, now, request.zone);
  if (!until) return base::fail(std::move(until.error()));
  query.since = *since;
  query.until = *until;
  if (auto good = check_range({args.since, query.since},
                              {args.until, query.until}, request.zone);
      !good)
    return good;
  if (args.around.empty()) return {};
  std::optional<base::Timestamp> middle;
  if (auto cursor = query::parse_cursor(args.around)) {
    middle = cursor->time;
  } else {
    auto time = parse_when("--around", args.around, now, request.zone);
    if (!time) return base::fail(std::move(time.error()));
    middle = *time;
  }
  int64_t window = kDefaultWindowUs;
  if (!args.window.empty()) {
    auto length = base::parse_duration(args.window);
    if (!length) return base::pass(std::move(length), "--window");
    const std::chrono::microseconds us = *length;
    window = std::min<int64_t>(us.count(), kMostWindowUs);
  }
  query.since = base::Timestamp{middle->us - window};
  query.until = base::Timestamp{middle->us + window + 1};
  return {};
}

base::Status read_lines(const LogsArgs& args, LogRequest& request) {
  query::LineQuery& lines = request.query.lines;
  lines.text = args.text;
  lines.where = args.where;
  lines.lines_only = args.lines_only;
  lines.records = args.records;
  if (!args.level.empty()) {
    lines.level = store::parse_level(args.level);
    if (!lines.level || *lines.level == store::Level::Unknown)
      return base::fail(
          Errc::Invalid, fmt::format("--level: '{}' is no level", args.level),
          "trace, debug, info, warn, error or fatal: at least that");
  }
  request.filtered = !lines.takes_all();
  auto filter = query::LineFilter::compile(lines);
  if (!filter) return base::fail(std::move(filter.error()));
  request.filter = std::move(*filter);
  return {};
}

}  // namespace

Result<int64_t> parse_generation(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || value == 0 || value == INT64_MIN)
    return base::fail(Errc::Invalid,
                      fmt::format("--generation: '{}' is no generation", text),
                      "1 is the first life of an instance, -1 the last");
  return value;
}

Result<LogRequest> understand(const LogsArgs& args, base::Timestamp now) {
  if (auto status = check_conflicts(args); !status)
    return base::fail(std::move(status.error()));
  LogRequest request;
  request.zone = args.utc ? base::Zone::Utc : base::Zone::Local;
  query::Query& query = request.query;
  query.targets = args.targets;
  query.exclude = args.exclude;
  query.out = args.out || !args.err;
  query.error = args.err || !args.out;
  query.reverse = args.reverse;
  for (auto status :
       {read_times(args, now, request), read_life(args, query.life),
        read_lines(args, request), read_context(args, request.context)})
    if (!status) return base::fail(std::move(status.error()));
  if (!args.threads.empty()) {
    auto number = parse_number("--threads", args.threads);
    if (!number) return base::fail(std::move(number.error()));
    query.threads = std::clamp<size_t>(*number, 1, 64);
  }
  if (args.max_count) {
    auto number = parse_number("--max-count", *args.max_count);
    if (!number) return base::fail(std::move(number.error()));
    request.most = *number;
  }
  request.selection = args.grep || args.fresh || request.filtered ||
                      query.since || query.until || request.most ||
                      query.life.which != Which::All;
  const bool sums =
      args.count || args.top || !args.by.empty() || !args.distinct.empty();
  if (!request.selection && !sums && !args.reverse) query.last = kDefaultLines;
  if (!request.selection && args.reverse) query.last = kDefaultLines;
  if (args.lines) {
    query.last.reset();
    if (*args.lines != "all") {
      auto number = parse_number("--lines", *args.lines);
      if (!number) return base::fail(std::move(number.error()));
      query.last = *number;
    }
  }
  if (sums && !args.count)
    request.rows = std::exchange(query.last, std::nullopt);
  // What counts lines, or shows those that match, has no room for events.
  request.shows_events = args.events && !args.raw && !args.out && !args.err &&
                         !args.grep && !request.filtered && !sums &&
                         !args.reverse;
  // Raw printers know from them which newlines are not the child's, JSON ones
  // which life a line is of.
  request.reads_events = args.raw || args.json || request.shows_events;
  query.events = request.reads_events || query.life.which != Which::All;
  request.follow =
      (args.follow || query.last == uint64_t{0}) && !args.nostream && !sums;
  const bool is_last =
      query.life.which == Which::SinceRestart ||
      (query.life.which == Which::FromEnd && query.life.number == 1);
  if (request.follow && is_last) query.life.newcomers = now;
  const auto own = std::ranges::count(args.targets, "lodge");
  request.diary = own == 1 && args.targets.size() == 1;
  if (own > 0 && !request.diary)
    return base::fail(Errc::Invalid,
                      "lodge: the daemon's diary is shown by itself",
                      fmt::format("lodge {}{} lodge", args.command,
                                  args.grep ? " PATTERN" : ""));
  return request;
}

Result<query::Plan> plan_for(const base::Home& home,
                             const LogRequest& request) {
  if (request.diary) return query::diary_plan(home.diary());
  return plan_for(request.dir, request.query);
}

Result<query::Plan> plan_as_asked(const base::Home& home,
                                  const LogRequest& request,
                                  query::Problems& problems) {
  auto plan = plan_for(home, request);
  if (!plan) return plan;
  if (request.query.life.which != Which::All)
    query::choose_lives(*plan, request.query.life, problems);
  if (!request.reads_events)
    std::erase_if(plan->origins, [](const query::Origin& origin) {
      return origin.kind == query::Kind::Events;
    });
  return plan;
}

Result<query::Plan> plan_for(const std::string& dir,
                             const query::Query& query) {
  auto catalog = store::load_catalog(dir);
  if (!catalog) return base::fail(std::move(catalog.error()));
  return query::make_plan(*catalog, dir, query);
}

}  // namespace cli
