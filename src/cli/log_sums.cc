#include "cli/log_sums.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/units.h"
#include "cli/log_printer.h"
#include "query/context.h"
#include "query/reading.h"
#include "query/sieve.h"

namespace cli {
namespace {

using base::Result;

constexpr size_t kTopRows = 20;

struct Summed {
  query::SumKeys keys;
  std::optional<std::chrono::milliseconds> buckets{};
};

// `1m` is a span of time, all else a name.
Result<Summed> summed_by(std::string_view flag, const std::string& what,
                         base::Zone zone) {
  if (!what.empty() && what[0] >= '0' && what[0] <= '9') {
    auto bucket = base::parse_duration(what);
    if (!bucket) return base::pass(std::move(bucket), flag);
    if (bucket->count() <= 0)
      return base::fail(base::Errc::Invalid,
                        std::string(flag) + ": a span of nothing",
                        "for example: --by 1m");
    return Summed{query::by_time(*bucket, zone), *bucket};
  }
  if (auto named = query::by_name(what)) return Summed{std::move(*named)};
  auto path = query::parse_field_path(what);
  if (!path) return base::pass(std::move(path), flag);
  return Summed{query::by_field(std::move(*path))};
}

// The range that --new compares with: `A..B`, or all before the lines asked
// for.
base::Status set_baseline(const LogsArgs& args, const LogRequest& request,
                          query::Query& query) {
  query.until = query.since;
  query.since.reset();
  if (args.baseline.empty()) {
    if (query.until) return {};
    return base::fail(base::Errc::Invalid, "--new: compared with what?",
                      "--since TIME, or --baseline A..B");
  }
  const auto dots = args.baseline.find("..");
  if (dots == std::string::npos)
    return base::fail(base::Errc::Invalid,
                      "--baseline: '" + args.baseline + "' is no range",
                      "for example: --baseline 2d..1h");
  const auto now = base::SystemClock().now();
  const auto set = [&](std::string_view text,
                       std::optional<base::Timestamp>& into) -> base::Status {
    if (text.empty()) return {};
    auto time = base::parse_time(text, now, request.zone);
    if (!time) return base::pass(std::move(time), "--baseline");
    into = *time;
    return {};
  };
  const std::string_view text(args.baseline);
  if (auto first = set(text.substr(0, dots), query.since); !first) return first;
  return set(text.substr(dots + 2), query.until);
}

// The forms of the lines of the baseline.
Result<std::shared_ptr<query::Sums>> read_baseline(const base::Home& home,
                                                   const LogsArgs& args,
                                                   const LogRequest& request,
                                                   query::Output& output,
                                                   query::Problems& problems) {
  LogRequest before;
  before.query = request.query;
  before.dir = request.dir;
  before.diary = request.diary;
  before.query.last.reset();
  before.query.events = false;
  before.query.reverse = false;
  if (auto set = set_baseline(args, request, before.query); !set)
    return base::fail(std::move(set.error()));
  auto plan = plan_for(home, before);
  if (!plan) return base::fail(std::move(plan.error()));
  query::Reading reading(before.query, *plan, false);
  auto sums = std::make_shared<query::Sums>(output, query::by_template(),
                                            query::SumsOptions{});
  // By the same stages as the lines that are compared with it.
  query::Context matches(*sums, {});
  query::Sieve sieve(matches, *sums, *request.filter);
  sieve.set_record_finder(
      [&](const query::Origin& origin) -> std::optional<query::RecordBefore> {
        const auto* source = reading.find(origin);
        return source == nullptr ? std::nullopt : source->record_before();
      });
  if (request.filtered && !request.query.lines.records) {
    sieve.set_judged(true);
    reading.search(sieve, *request.filter);
  } else {
    reading.replay(sieve);
  }
  sieve.finish();
  std::ranges::move(reading.problems(), std::back_inserter(problems));
  return sums;
}

}  // namespace

bool asks_for_sums(const LogsArgs& args) {
  return args.top || !args.by.empty() || !args.distinct.empty();
}

Result<std::unique_ptr<query::Sums>> make_sums(const base::Home& home,
                                               const LogsArgs& args,
                                               const LogRequest& request,
                                               query::Output& output,
                                               query::Problems& problems) {
  query::SumsOptions options;
  options.style.zone = request.zone;
  options.style.terminal = ::isatty(STDOUT_FILENO) == 1;
  options.style.colour = options.style.terminal && wants_colours(args);
  options.style.json = args.json;
  if (request.rows) options.most = *request.rows;
  if (args.top) {
    if (!request.rows) options.most = kTopRows;
    if (args.fresh) {
      auto known = read_baseline(home, args, request, output, problems);
      if (!known) return base::fail(std::move(known.error()));
      // Shared since a function must be copyable; it has one owner.
      options.known = [known = *known](const std::string& key) {
        return known->counts().contains(key);
      };
    }
    return std::make_unique<query::Sums>(output, query::by_template(),
                                         std::move(options));
  }
  const bool distinct = args.by.empty();
  const auto& what = distinct ? args.distinct : args.by;
  auto summed = summed_by(distinct ? "--distinct" : "--by", what, request.zone);
  if (!summed) return base::fail(std::move(summed.error()));
  options.style.buckets = summed->buckets;
  options.by_key = !distinct && summed->buckets;
  return std::make_unique<query::Sums>(output, std::move(summed->keys),
                                       std::move(options));
}

}  // namespace cli
