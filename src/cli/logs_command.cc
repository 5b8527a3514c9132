#include "cli/logs_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/eprint.h"
#include "base/event_loop.h"
#include "base/fs.h"
#include "base/units.h"
#include "cli/leaving.h"
#include "cli/log_output.h"
#include "cli/log_place.h"
#include "cli/log_range.h"
#include "cli/log_request.h"
#include "cli/log_sums.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "query/follow.h"
#include "store/catalog.h"

namespace cli {
namespace {

using namespace std::chrono_literals;

int report(const base::Error& error, const LogsArgs& args, int exit_code) {
  return cli::report(args.command, args.json, error, exit_code);
}

bool is_for_people(const LogsArgs& args) {
  return !args.raw && !args.json && !args.quiet;
}

// Stops the loop when no line that comes can be in range any more.
class UntilWatch {
 public:
  UntilWatch(base::EventLoop& loop, std::optional<base::Timestamp> until)
      : timer_(loop, [this, &loop] { left() > 0ms ? wait() : loop.stop(); }) {
    if (!until) return;
    until_ = *until;
    wait();
  }

 private:
  // A line is on its way for a moment.
  static constexpr std::chrono::milliseconds kOnItsWay{100};

  std::chrono::milliseconds left() const {
    const std::chrono::microseconds us(until_.us - clock_.now().us);
    return std::chrono::ceil<std::chrono::milliseconds>(us) + kOnItsWay;
  }
  // The clock may be set meanwhile.
  void wait() { timer_.start(std::clamp(left(), 0ms, 60'000ms)); }

  base::SystemClock clock_;
  base::Timestamp until_;
  base::Timer timer_;
};

// False when something could not be read.
bool follow(const base::Home& home, const LogRequest& request,
            const LogsArgs& args, query::Reading& reading, LogOutput& lines,
            const std::optional<LeaveWatch>& leave,
            std::optional<store::EpochHold> epoch) {
  base::EventLoop loop;
  std::optional<base::FdWatch> leave_watch;
  if (leave && leave->fd() >= 0) {
    leave_watch.emplace(loop, leave->fd(), [&loop](int) { loop.stop(); });
    leave_watch->want(base::FdWatch::Readable);
  }
  query::FollowOptions options;
  options.dir = request.diary ? home.root() : request.dir;
  options.epoch = std::move(epoch);
  size_t streams = 0;
  for (const auto& source : reading.sources())
    if (!source->has_event()) ++streams;
  options.bytes = args.raw && streams == 1 && lines.passes_bytes();
  if (!request.diary)
    options.replan = [&] {
      return plan_as_asked(home, request, reading.problems());
    };
  bool trouble = false;
  options.on_problem = [&](const base::Error& problem) {
    trouble = true;
    report(problem, args, 2);
  };
  const ReaderWatch reader_watch(loop);
  query::Follower follower(loop, reading, lines.rows(), std::move(options));
  const UntilWatch until_watch(loop, request.query.until);
  follower.start();
  loop.run();
  return !trouble;
}

// What a search did without, and what it cost.
void tell_stats(const query::SearchStats& stats, base::MonoTime began,
                const LogsArgs& args) {
  const base::SystemClock clock;
  const double seconds =
      std::chrono::duration<double>(clock.mono() - began).count();
  const double covered = static_cast<double>(stats.covered);
  if (args.json) {
    base::eprint(R"({{"stats":{{"files":{},"frames":{},"skipped_by_time":{},)"
                 R"("skipped_by_level":{},"skipped_by_filter":{},"decoded":{},)"
                 R"("decoded_in_vain":{},"bytes":{},"bytes_searched":{},)"
                 R"("seconds":{:.6f}}}}})"
                 "\n",
                 stats.files, stats.frames, stats.by_time, stats.by_level,
                 stats.by_filter, stats.decoded, stats.in_vain, stats.covered,
                 stats.searched, seconds);
    return;
  }
  const uint64_t skipped = stats.by_time + stats.by_level + stats.by_filter;
  std::string frames = "no archives";
  if (stats.frames > 0)
    frames = fmt::format(
        "{} frames, {} skipped ({:.2f} %: {} by time, {} by level, {} by "
        "filter), {} decoded, {} in vain",
        stats.frames, skipped,
        100.0 * static_cast<double>(skipped) /
            static_cast<double>(stats.frames),
        stats.by_time, stats.by_level, stats.by_filter, stats.decoded,
        stats.in_vain);
  base::eprint(
      "lodge: {} files, {}; {} of {} searched in {:.1f} ms, {:.2f} "
      "GB/s\n",
      stats.files, frames, base::format_size(stats.searched),
      base::format_size(stats.covered), seconds * 1000,
      seconds > 0 ? covered / seconds / 1e9 : 0.0);
  if (stats.frames > 0 && skipped == 0)
    base::eprint(
        "lodge: no frame could be skipped: what was asked for may be "
        "in any\n");
}

// From a flag or from the file that keeps them; may be none.
base::Result<std::vector<query::Cursor>> cursors_of(const LogsArgs& args) {
  std::string text = args.after_cursor;
  if (text.empty() && !args.cursor_file.empty()) {
    auto bytes = base::fs::read_file(args.cursor_file);
    if (!bytes && bytes.error().code != base::Errc::NotFound)
      return base::pass(std::move(bytes), "--cursor-file");
    if (bytes) text = *bytes;
  }
  if (text.find_first_not_of('\n') == text.npos) return {};
  auto cursors = query::parse_cursors(text);
  return cursors ? cursors : base::pass(std::move(cursors), "cursor");
}

// `grep api ERROR`, the wrong way round.
void tell_swapped(const base::Error& error, const base::Home& home,
                  const LogsArgs& args) {
  if (!args.grep || error.code != base::Errc::NotFound || args.text.any.empty())
    return;
  auto catalog = store::load_catalog(home.logs());
  if (catalog && catalog->find(args.text.any.front()) != nullptr)
    base::eprint("lodge: grep: the pattern comes first: lodge grep {} {}\n",
                 args.targets.empty() ? "PATTERN" : args.targets.front(),
                 args.text.any.front());
}

// What is to be read, and how.
struct Asked {
  LogPlace place;
  LogRequest request;
  std::vector<query::Cursor> cursors;
  query::Plan plan;
  query::Problems problems;  // met on the way

  bool has_lines() const {
    return std::ranges::any_of(plan.origins, [](const query::Origin& origin) {
      return origin.kind != query::Kind::Events;
    });
  }
};

base::Result<Asked> prepare(const base::Home& home, const LogsArgs& args,
                            base::Timestamp now) {
  auto request = understand(args, now);
  if (!request) return base::fail(std::move(request.error()));
  auto place = LogPlace::open(home, args.from);
  if (!place) return base::fail(std::move(place.error()));
  request->dir = place->dir();
  if (request->follow && !place->grows())
    return base::fail(base::Errc::Invalid, "--follow: a report does not grow",
                      "without -f its lines are printed");
  auto cursors = cursors_of(args);
  if (!cursors) return base::fail(std::move(cursors.error()));
  if (!cursors->empty() && !args.lines) request->query.last.reset();
  query::Problems problems;
  auto plan = plan_as_asked(home, *request, problems);
  if (!plan) {
    tell_swapped(plan.error(), home, args);
    return base::fail(std::move(plan.error()));
  }
  std::ranges::move(plan->unknown, std::back_inserter(problems));
  return Asked{std::move(*place), std::move(*request), std::move(*cursors),
               std::move(*plan), std::move(problems)};
}

// What one should know before the first line. False when it is that something
// is damaged.
bool tell_beforehand(const Asked& asked, const LogsArgs& args, bool cursor_gone,
                     query::Output& output) {
  const auto& query = asked.request.query;
  if (cursor_gone && !args.json)
    base::eprint(
        "lodge: {}: the line of the cursor is gone; from the oldest "
        "that is there\n",
        args.command);
  if ((query.since || query.until) && is_for_people(args))
    tell_range(query, args, asked.request.zone);
  return tell_gaps(asked.request, asked.place, args, output);
}

// Everything that is there now.
void show_stored(const LogsArgs& args, query::Reading& reading,
                 LogOutput& lines, query::Output& output) {
  size_t files = 0;
  for (const auto& source : reading.sources())
    files += source->segments().size() + (source->is_open() ? 1 : 0);
  Progress progress("searching", files, args.quiet || args.json);
  reading.on_progress([&](const query::SearchStats& stats) {
    progress.at(stats.files, stats.covered);
  });
  output.before_write([&] { progress.clear(); });
  lines.replay();
  progress.clear();
  output.before_write({});
  tell_damage(reading, args, output);
}

// What one should know behind the last line.
void tell_afterwards(const LogsArgs& args, const query::Reading& reading,
                     const LogOutput& lines, base::MonoTime began) {
  if (const auto without = lines.unlevelled(); without > 0)
    base::eprint("lodge: {}: {} lines that name no level are left out\n",
                 args.command, without);
  if (args.stats) tell_stats(reading.stats(), began, args);
}

int exit_code(const LogRequest& request, const LogsArgs& args, uint64_t found,
              bool whole) {
  if (args.quiet && found > 0) return 0;
  if (!whole) return 2;
  return request.selection && found == 0 && !request.follow ? 1 : 0;
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

int run_logs(const base::Home& home, const LogsArgs& args) {
  const base::SystemClock clock;
  const auto began = clock.mono();
  auto asked = prepare(home, args, clock.now());
  if (!asked) return report(asked.error(), args, 2);
  const LogRequest& request = asked->request;
  const auto tell = [&](query::Problems& problems) {
    const bool none = problems.empty();
    for (const auto& problem : problems) report(problem, args, 2);
    problems.clear();
    return none;
  };
  if (request.query.life.which != query::LifeChoice::Which::All &&
      !asked->has_lines()) {
    if (args.count && !args.json) (void)std::fputs("0\n", stdout);
    if (!args.quiet)
      base::eprint("lodge: {}: no such life is on record\n", args.command);
    return tell(asked->problems) ? 1 : 2;
  }
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();

  std::optional<store::EpochHold> epoch;
  if (request.follow && !request.diary)
    epoch = store::EpochHold::join(request.dir);
  query::Output output(STDOUT_FILENO);
  query::Reading reading(request.query, asked->plan, request.follow);
  const bool cursor_gone =
      !asked->cursors.empty() && !reading.begin_after(asked->cursors);
  auto lines =
      LogOutput::make(home, args, request, asked->plan, reading, clock, output);
  if (!lines) return report(lines.error(), args, 2);
  bool whole = tell(asked->problems);
  whole = tell_beforehand(*asked, args, cursor_gone, output) && whole;
  std::optional<LeaveWatch> leave;
  if (request.follow) leave_quietly_on_signals();
  if (request.follow && !args.cursor_file.empty()) {
    leave.emplace();
    (*lines)->leave_when([&leave] { return leave->is_asked(); });
  }
  show_stored(args, reading, **lines, output);
  whole = tell(reading.problems()) && whole;
  if (request.follow && !output.closed() && (*lines)->wants_more())
    whole = follow(home, request, args, reading, **lines, leave,
                   std::move(epoch)) &&
            whole;
  (*lines)->finish();
  output.flush();
  tell_afterwards(args, reading, **lines, began);
  if (!output.status()) return report(output.status().error(), args, 2);
  const int exit = exit_code(request, args, (*lines)->found(), whole);
  if (exit == 0 && !request.selection && !request.follow &&
      is_for_people(args) && !args.count && !asks_for_sums(args))
    aside("-f follows, -n 100 shows more", args);
  return exit;
}

}  // namespace cli
