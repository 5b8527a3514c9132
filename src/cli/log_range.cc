#include "cli/log_range.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/eprint.h"
#include "base/fs.h"
#include "cli/log_output.h"
#include "cli/log_sums.h"
#include "cli/text_cells.h"
#include "query/gaps.h"
#include "query/json_text.h"

namespace cli {
namespace {

using query::Gap;

std::string quoted(std::optional<base::Timestamp> time) {
  return time ? '"' + base::format_stamp(*time) + '"' : "null";
}

std::string quoted(std::string_view words) {
  std::string text;
  query::append_json_string(words, text);
  return text;
}

std::string gap_object(const Gap& gap) {
  const bool is_loss = gap.cause == Gap::Cause::Dropped ||
                       gap.cause == Gap::Cause::Lost ||
                       gap.cause == Gap::Cause::Damaged;
  std::string members = fmt::format(
      R"("app":{},"{}":{},"{}":{},"reason":{})", quoted(gap.app),
      is_loss ? "first" : "begin", quoted(is_loss ? gap.kept : gap.begin),
      is_loss ? "last" : "kept", quoted(is_loss ? gap.begin : gap.kept),
      quoted(query::gap_reason(gap)));
  switch (gap.cause) {
    case Gap::Cause::Flushed:
      members += fmt::format(R"(,"flushed":{})", quoted(gap.when));
      break;
    case Gap::Cause::Removed:
      members += fmt::format(R"(,"removed":{},"words":{})", quoted(gap.when),
                             quoted(gap.words));
      break;
    case Gap::Cause::Dropped:
      members += fmt::format(R"(,"lines":{})", gap.lines);
      break;
    case Gap::Cause::Lost:
      members += fmt::format(R"(,"words":{})", quoted(gap.words));
      break;
    case Gap::Cause::Damaged:
      members += fmt::format(R"(,"lines":{},"file":{})",
                             gap.lines > 0 ? std::to_string(gap.lines) : "null",
                             quoted(gap.words));
      break;
  }
  return fmt::format("{{\"v\":1,\"gap\":{{{}}}}}\n", members);
}

// Who asked for counts or names gets objects of one kind.
void put_object(const Gap& gap, const LogsArgs& args, query::Output& output) {
  if (args.count || args.names || args.paths || asks_for_sums(args))
    base::eprint("{}", gap_object(gap));
  else
    output.put(gap_object(gap));
}

std::string gap_words(const Gap& gap, base::Zone zone) {
  const auto from =
      gap.kept ? base::format_wall_time(*gap.kept, zone) : std::string();
  const auto to = gap.begin ? base::format_wall_time(*gap.begin, zone) : "now";
  switch (gap.cause) {
    case Gap::Cause::Dropped:
      return fmt::format("{} {} dropped between {} and {} ({})", gap.lines,
                         gap.lines == 1 ? "line" : "lines", from, to,
                         gap.words);
    case Gap::Cause::Lost:
      return from == to
                 ? fmt::format("lines may be missing at {} ({})", from,
                               gap.words)
                 : fmt::format("lines may be missing between {} and {} ({})",
                               from, to, gap.words);
    case Gap::Cause::Flushed:
      if (gap.kept)
        return fmt::format("no lines from {} to {} (flushed {})", from, to,
                           base::format_wall_time(gap.when, zone));
      break;
    case Gap::Cause::Removed:
    case Gap::Cause::Damaged:
      break;
  }
  std::string why(query::gap_reason(gap));
  if (gap.cause == Gap::Cause::Flushed)
    why += ' ' + base::format_wall_time(gap.when, zone);
  return fmt::format("{} (older: {})",
                     gap.begin ? "logs begin " + to : "no logs are stored",
                     why);
}

// `10:15`, without a date.
bool is_time_of_day(std::string_view text) {
  return text.find(':') != text.npos &&
         text.find_first_not_of("0123456789:.") == text.npos;
}

}  // namespace

base::Status check_range(const RangeEnd& since, const RangeEnd& until,
                         base::Zone zone) {
  if (!since.time || !until.time || *until.time > *since.time) return {};
  return base::fail(
      base::Errc::Invalid,
      fmt::format("--until {}: {} is not after --since {}, {}", until.typed,
                  base::format_wall_time(*until.time, zone), since.typed,
                  base::format_wall_time(*since.time, zone)),
      is_time_of_day(until.typed) || is_time_of_day(since.typed)
          ? "a time of day that is still to come is yesterday's"
          : "");
}

void aside(std::string_view words, const LogsArgs& args) {
  if (::isatty(STDOUT_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return;
  const std::string line = wants_colours(args)
                               ? fmt::format("\x1b[2m{}\x1b[0m\n", words)
                               : fmt::format("{}\n", words);
  (void)base::fs::write_all(STDERR_FILENO, line, "standard error");
}

void tell_range(const query::Query& query, const LogsArgs& args,
                base::Zone zone) {
  const std::string from = query.since
                               ? base::format_wall_time(*query.since, zone)
                               : "the beginning";
  const std::string to =
      query.until ? base::format_wall_time(*query.until, zone) : "now";
  const auto some = query.since ? *query.since : *query.until;
  aside(fmt::format("{} to {}, {}", from, to, base::zone_name(some, zone)),
        args);
}

void tell_gaps(const LogRequest& request, const LogsArgs& args,
               query::Output& output) {
  if (!request.query.since || request.diary || args.quiet) return;
  query::Query all = request.query;
  all.events = true;
  const auto plan = plan_for(request.dir, all);
  if (!plan) return;
  query::Problems problems;  // said by the reading itself
  const query::GapRange range{*request.query.since, request.query.until};
  for (const auto& gap : query::find_gaps(plan->origins, range, problems)) {
    if (args.json)
      put_object(gap, args, output);
    else
      base::eprint("lodge: {}: {}\n", printable(gap.app),
                   printable(gap_words(gap, request.zone)));
  }
}

void tell_damage(const query::Reading& reading, const LogsArgs& args,
                 query::Output& output) {
  // That it could not be read is said in any case.
  if (!args.json || args.quiet) return;
  for (const auto& gap : query::damage_gaps(reading.sources()))
    put_object(gap, args, output);
}

}  // namespace cli
