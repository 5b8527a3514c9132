#include "cli/log_range.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/eprint.h"
#include "base/fs.h"
#include "cli/gap_form.h"
#include "cli/log_output.h"
#include "cli/log_sums.h"
#include "cli/report.h"
#include "cli/sealed_look.h"
#include "cli/text_cells.h"
#include "query/gaps.h"

namespace cli {
namespace {

std::string gap_object(const query::Gap& gap) {
  return fmt::format("{{\"v\":1,\"gap\":{}}}\n", gap_json(gap));
}

// Who asked for counts or names gets objects of one kind.
void put_object(const query::Gap& gap, const LogsArgs& args,
                query::Output& output) {
  if (args.count || args.names || args.paths || asks_for_sums(args))
    base::eprint("{}", gap_object(gap));
  else
    output.put(gap_object(gap));
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

bool tell_gaps(const LogRequest& request, const LogPlace& place,
               const LogsArgs& args, query::Output& output) {
  using Cause = query::Gap::Cause;
  const auto& [since, until] =
      std::pair(request.query.since, request.query.until);
  const bool asks_live = since && !args.quiet;
  if (request.diary || (!asks_live && !place.gaps())) return true;
  query::Query all = request.query;
  all.events = true;
  const auto plan = plan_for(request.dir, all);
  if (!plan) return true;
  query::Problems problems;  // said by the reading itself
  std::vector<query::Gap> gaps;
  if (place.gaps()) {
    gaps = query::gaps_within(*place.gaps(), plan->origins, since, until);
  } else {
    gaps = all_gaps(request.dir, *plan, {*since, until}, problems);
  }
  bool whole = true;
  for (const auto& gap : gaps) {
    const bool damaged = gap.cause == Cause::Damaged;
    if (!since && !damaged) continue;
    whole = whole && !damaged;
    if (args.quiet) continue;
    if (args.json) put_object(gap, args, output);
    if (damaged)
      report(args.command, args.json,
             {base::Errc::Invalid,
              0,
              gap.app + ": " + gap_words(gap, request.zone),
              {}},
             kUsage);
    else if (!args.json)
      base::eprint("lodge: {}: {}\n", printable(gap.app),
                   printable(gap_words(gap, request.zone)));
  }
  return whole;
}

void tell_damage(const query::Reading& reading, const LogsArgs& args,
                 query::Output& output) {
  // That it could not be read is said in any case.
  if (!args.json || args.quiet) return;
  for (const auto& gap : query::damage_gaps(reading.sources()))
    put_object(gap, args, output);
}

}  // namespace cli
