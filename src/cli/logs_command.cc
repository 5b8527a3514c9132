#include "cli/logs_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "base/event_loop.h"
#include "base/fs.h"
#include "base/time_spec.h"
#include "cli/report.h"
#include "query/follow.h"
#include "query/gaps.h"
#include "query/json_printer.h"
#include "query/raw_printer.h"
#include "query/reading.h"
#include "query/text_printer.h"
#include "store/catalog.h"

namespace cli {
namespace {

constexpr uint64_t kDefaultLines = 15;

// What the arguments mean.
struct Request {
  query::Query query;
  bool follow = false;
  bool diary = false;
  bool selection = false;  // asked for certain lines, not just the last
};

int report(const base::Error& error, const LogsArgs& args, int exit_code) {
  return cli::report(args.command, args.json, error, exit_code);
}

base::Result<std::optional<uint64_t>> parse_lines(const std::string& text) {
  if (text == "all") return std::nullopt;
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || text.empty())
    return base::fail(
        base::Errc::Invalid,
        fmt::format("--lines: '{}' is not a number of lines", text),
        "for example: -n 100, or -n all");
  return value;
}

base::Result<std::optional<base::Timestamp>> parse_when(std::string_view flag,
                                                        const std::string& text,
                                                        base::Timestamp now,
                                                        base::Zone zone) {
  if (text.empty()) return std::nullopt;
  auto time = base::parse_time(text, now, zone);
  if (!time) return base::pass(std::move(time), flag);
  return *time;
}

bool shows_events(const LogsArgs& args) {
  return args.events && !args.raw && !args.out && !args.err;
}

base::Result<Request> understand(const LogsArgs& args, base::Timestamp now) {
  if (args.raw && args.json)
    return base::fail(base::Errc::Invalid,
                      "--raw and --json: one or the other");
  Request request;
  query::Query& query = request.query;
  query.targets = args.targets;
  query.exclude = args.exclude;
  query.out = args.out || !args.err;
  query.error = args.err || !args.out;
  // Raw printers know from them which newlines are not the child's, JSON ones
  // which life a line is of.
  query.events = args.raw || args.json || shows_events(args);
  const auto zone = args.utc ? base::Zone::Utc : base::Zone::Local;
  auto since = parse_when("--since", args.since, now, zone);
  if (!since) return base::fail(std::move(since.error()));
  auto until = parse_when("--until", args.until, now, zone);
  if (!until) return base::fail(std::move(until.error()));
  query.since = *since;
  query.until = *until;
  request.selection = query.since || query.until;
  if (!request.selection) query.last = kDefaultLines;
  if (args.lines) {
    auto lines = parse_lines(*args.lines);
    if (!lines) return base::fail(std::move(lines.error()));
    query.last = *lines;
  }
  request.follow = (args.follow || query.last == uint64_t{0}) && !args.nostream;
  request.diary = args.targets.size() == 1 && args.targets[0] == "lodge";
  return request;
}

base::Result<query::Plan> plan_for(const base::Home& home,
                                   const Request& request) {
  if (request.diary) return query::diary_plan(home.diary());
  auto catalog = store::load_catalog(home.logs());
  if (!catalog) return base::fail(std::move(catalog.error()));
  return query::make_plan(*catalog, home.logs(), request.query);
}

bool colours(const LogsArgs& args) {
  const char* no_color = std::getenv("NO_COLOR");
  return args.color && (no_color == nullptr || *no_color == '\0');
}

// Empty when the system has no name.
std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::unique_ptr<query::Printer> make_printer(query::Output& output,
                                             const base::Clock& clock,
                                             const LogsArgs& args,
                                             const query::Plan& plan,
                                             query::Problems& problems) {
  if (args.raw)
    return std::make_unique<query::RawPrinter>(
        output, query::find_line_endings(plan.origins, problems));
  if (args.json)
    return std::make_unique<query::JsonPrinter>(
        output, query::find_lives(plan.origins, problems), shows_events(args),
        query::JsonMembers{.host = host_name()});
  query::TextStyle style;
  style.zone = args.utc ? base::Zone::Utc : base::Zone::Local;
  style.terminal = ::isatty(STDOUT_FILENO) == 1;
  style.colour = style.terminal && colours(args);
  style.full = args.full;
  return std::make_unique<query::TextPrinter>(output, clock, style);
}

// Many apps are many files.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// Ctrl-C is how one leaves a follower: at once, also while a slow reader blocks
// our write, and with the terminal's colours as they were.
void leave_quietly_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) {
    if (::isatty(STDOUT_FILENO) == 1 &&
        ::write(STDOUT_FILENO, "\x1b[0m", 4) < 0) {
    }
    ::_exit(0);
  };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

// False when something could not be read.
bool follow(const base::Home& home, const Request& request,
            const LogsArgs& args, query::Reading& reading,
            query::Printer& printer) {
  base::EventLoop loop;
  query::FollowOptions options;
  options.dir = request.diary ? home.root() : home.logs();
  size_t streams = 0;
  for (const auto& source : reading.sources())
    if (!source->has_event()) ++streams;
  options.bytes = args.raw && streams == 1;
  if (!request.diary) options.replan = [&] { return plan_for(home, request); };
  bool trouble = false;
  options.on_problem = [&](const base::Error& problem) {
    trouble = true;
    report(problem, args, 2);
  };
  // A pipe whose reader leaves is noticed though nothing is written to it: the
  // writing end never is readable for another reason. It is opened anew because
  // a watch makes its descriptor non-blocking for all who share it.
  base::Result<base::UniqueFd> pipe = base::UniqueFd();
  std::optional<base::FdWatch> reader_left;
  auto out = base::fs::fstat(STDOUT_FILENO, "standard output");
  if (out && S_ISFIFO(out->st_mode))
    pipe = base::fs::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK);
  if (pipe && *pipe) {
    reader_left.emplace(loop, pipe->get(), [&](int) { loop.stop(); });
    reader_left->want(base::FdWatch::Readable);
  }
  query::Follower follower(loop, reading, printer, std::move(options));
  follower.start();
  loop.run();
  return !trouble;
}

// A word aside, for a person at a terminal.
void aside(std::string_view words, const LogsArgs& args) {
  if (::isatty(STDOUT_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return;
  const std::string line = colours(args)
                               ? fmt::format("\x1b[2m{}\x1b[0m\n", words)
                               : fmt::format("{}\n", words);
  (void)base::fs::write_all(STDERR_FILENO, line, "standard error");
}

std::string moment(base::Timestamp time, base::Zone zone) {
  const auto t = base::wall_time(time, zone);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month,
                     t.day, t.hour, t.minute, t.second);
}

// `10m` may be mistyped, `10:15` may be yesterday's: says what was meant.
void tell_range(const query::Query& query, const LogsArgs& args) {
  const auto zone = args.utc ? base::Zone::Utc : base::Zone::Local;
  const std::string from =
      query.since ? moment(*query.since, zone) : "the beginning";
  const std::string to = query.until ? moment(*query.until, zone) : "now";
  const auto some = query.since ? *query.since : *query.until;
  aside(fmt::format("{} to {}, {}", from, to, base::zone_name(some, zone)),
        args);
}

std::string quoted(std::optional<base::Timestamp> time) {
  return time ? '"' + base::format_stamp(*time) + '"' : "null";
}

// A range that reaches back behind what is stored must not look like one in
// which nothing happened: a line on stderr, or an object among the others.
void tell_gaps(const base::Home& home, const Request& request,
               const LogsArgs& args, query::Output& output) {
  if (!request.query.since || request.diary) return;
  Request all = request;
  all.query.events = true;
  const auto plan = plan_for(home, all);
  if (!plan) return;
  query::Problems problems;  // said by the reading itself
  const auto zone = args.utc ? base::Zone::Utc : base::Zone::Local;
  for (const auto& gap :
       query::find_gaps(plan->origins, *request.query.since, problems)) {
    if (args.json) {
      output.put(
          fmt::format(R"({{"v":1,"gap":{{"app":"{}","begin":{},"kept":{},)"
                      R"("reason":"flushed","flushed":"{}"}}}})"
                      "\n",
                      gap.app, quoted(gap.begin), quoted(gap.kept),
                      base::format_stamp(gap.flushed)));
      continue;
    }
    if (gap.kept) {
      fmt::print(stderr, "lodge: {}: no lines from {} to {} (flushed {})\n",
                 gap.app, moment(*gap.kept, zone),
                 gap.begin ? moment(*gap.begin, zone) : "now",
                 moment(gap.flushed, zone));
      continue;
    }
    fmt::print(stderr, "lodge: {}: {} (older: flushed {})\n", gap.app,
               gap.begin ? "logs begin " + moment(*gap.begin, zone)
                         : "no logs are stored",
               moment(gap.flushed, zone));
  }
}

}  // namespace

int run_logs(const base::Home& home, const LogsArgs& args) {
  const base::SystemClock clock;
  auto request = understand(args, clock.now());
  if (!request) return report(request.error(), args, 2);
  auto plan = plan_for(home, *request);
  if (!plan) return report(plan.error(), args, 2);
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();

  query::Output output(STDOUT_FILENO);
  query::Reading reading(request->query, *plan, request->follow);
  auto printer = make_printer(output, clock, args, *plan, reading.problems());
  printer->widen(reading.label_width());
  if (request->selection && !args.raw && !args.json)
    tell_range(request->query, args);
  tell_gaps(home, *request, args, output);
  if (request->follow) leave_quietly_on_signals();
  const uint64_t found = reading.replay(*printer);
  bool whole = reading.problems().empty();
  for (const auto& problem : reading.problems()) report(problem, args, 2);
  reading.problems().clear();
  if (request->follow && !output.closed())
    whole = follow(home, *request, args, reading, *printer) && whole;
  if (!output.status()) return report(output.status().error(), args, 2);
  if (!whole) return 2;
  if (!request->follow && !args.raw && !args.json)
    aside("-f follows, -n 100 shows more", args);
  return request->selection && found == 0 && !request->follow ? 1 : 0;
}

}  // namespace cli
