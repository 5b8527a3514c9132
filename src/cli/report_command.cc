#include "cli/report_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/fs.h"
#include "base/temporary_dir.h"
#include "base/time_spec.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/log_place.h"
#include "cli/log_range.h"
#include "cli/report.h"
#include "cli/report_facts.h"
#include "cli/report_plan.h"
#include "cli/sealed_look.h"
#include "cli/secrets.h"
#include "cli/text_cells.h"
#include "control/client.h"
#include "query/cut.h"
#include "query/gaps.h"
#include "store/bundle.h"
#include "store/times.h"

namespace cli {
namespace {

namespace fs = base::fs;
using base::Errc;

struct Wanted {
  query::Query query;
  base::Timestamp now;
  std::string path;  // empty: stdout
};

base::Result<Wanted> understand(const Invocation& invocation) {
  const Args& args = invocation.args;
  const auto zone = args.has("utc") ? base::Zone::Utc : base::Zone::Local;
  Wanted wanted;
  wanted.now = base::SystemClock().now();
  wanted.query.targets = args.words;
  wanted.query.exclude = args.values("exclude");
  const auto since = args.value("since");
  if (!since)
    return base::fail(Errc::Invalid, "--since is missing",
                      "lodge report api --since 2h, or --since 10:15 --until "
                      "10:30");
  auto begin = base::parse_time(*since, wanted.now, zone);
  if (!begin) return base::pass(std::move(begin), "--since");
  // One end for all files, although they grow.
  auto end =
      base::parse_time(args.value("until").value_or("now"), wanted.now, zone);
  if (!end) return base::pass(std::move(end), "--until");
  if (auto good = check_range(
          {*since, *begin}, {args.value("until").value_or("now"), *end}, zone);
      !good)
    return base::fail(std::move(good.error()));
  wanted.query.since = *begin;
  wanted.query.until = *end;
  const auto t = base::wall_time(wanted.now, base::Zone::Utc);
  wanted.path = args.value("output").value_or(
      fmt::format("lodge-report-{:04}{:02}{:02}T{:02}{:02}{:02}Z.tar.zst",
                  t.year, t.month, t.day, t.hour, t.minute, t.second));
  if (wanted.path == "-") wanted.path.clear();
  if (wanted.path.empty() && ::isatty(STDOUT_FILENO) == 1)
    return base::fail(Errc::Invalid, "-o -: is no text for a terminal",
                      "-o FILE, or a pipe behind it");
  return wanted;
}

struct Counts {
  uint64_t lines = 0;
  size_t apps = 0;
};

class Making {
 public:
  Making(const Invocation& invocation, const Wanted& wanted, int fd)
      : home_(invocation.home),
        line_(invocation.line),
        wanted_(wanted),
        bundle_(fd, wanted.path.empty() ? "standard output" : wanted.path,
                wanted.now) {}

  base::Status run(const ReportPlan& plan) {
    counts_.apps = plan.catalog.apps.size();
    for (auto status : {put_facts(plan.catalog), put_catalog(plan.catalog)})
      if (!status) return status;
    query::Origin daemon;
    daemon.kind = query::Kind::Events;
    daemon.path = fs::join(home_.logs(), store::kDaemonEvents);
    if (auto put = put_events(daemon, store::kDaemonEvents); !put) return put;
    for (const auto& file : plan.files) {
      auto put = file.origin.kind == query::Kind::Events
                     ? put_events(file.origin, file.name)
                     : put_lines(file.origin, file.name);
      if (!put) return put;
    }
    // Last, since it says what could not be read.
    find_gaps(plan);
    auto put = bundle_.add(
        "report.json",
        report_request(wanted_.query, wanted_.now, line_, problems_, gaps_));
    return put ? bundle_.finish() : put;
  }
  const query::Problems& problems() const { return problems_; }
  const Counts& counts() const { return counts_; }
  uint64_t written() const { return bundle_.written(); }

 private:
  static std::string in_logs(std::string_view name) {
    return fs::join("logs", name);
  }

  // Without a daemon nothing runs that could be described.
  base::Status put_facts(const store::Catalog& catalog) {
    auto reply =
        control::ask(home_, control::ListRequest{}, {.command = line_}, {});
    const auto* list =
        reply ? std::get_if<control::ListReply>(&*reply) : nullptr;
    auto put =
        bundle_.add("versions.txt", report_versions(list ? list->version : ""));
    if (put && list != nullptr)
      put = bundle_.add("describe.json", report_describe(*list, catalog));
    if (put)
      put = bundle_.add("doctor.txt",
                        findings_text(look_at_all(home_, line_), false));
    if (const auto whys = report_whys(home_.logs(), wanted_.query, wanted_.now,
                                      list, problems_);
        put && !whys.empty())
      put = bundle_.add("why.txt", whys);
    auto settings = fs::read_file(home_.path("settings.json"));
    // A rule of notify may name a webhook.
    if (put && settings)
      put = bundle_.add("settings.json", mask_secrets(*settings));
    if (!settings && settings.error().code != Errc::NotFound)
      problems_.push_back(std::move(settings.error()));
    return put;
  }

  base::Status put_catalog(const store::Catalog& catalog) {
    return bundle_.add(in_logs(store::kCatalogName),
                       store::format_catalog(catalog));
  }

  base::Status put_events(const query::Origin& origin, std::string_view name) {
    const auto events = report_events(origin, wanted_.query, problems_);
    return events.empty() ? base::Status() : bundle_.add(in_logs(name), events);
  }

  // Events of the range don't tell of everything that is missing in it.
  void find_gaps(const ReportPlan& plan) {
    query::Plan all;
    for (const auto& file : plan.files) all.origins.push_back(file.origin);
    const query::GapRange range{*wanted_.query.since, wanted_.query.until};
    query::Problems problems;  // told when the files were read
    std::ranges::move(all_gaps(home_.logs(), all, range, problems),
                      std::back_inserter(gaps_));
  }

  base::Status put_lines(const query::Origin& origin, const std::string& name) {
    const size_t before = problems_.size();
    auto cut = query::Cut::find(origin, wanted_.query, problems_);
    std::vector<query::Gap> damage;
    if (cut) damage = query::damage_gaps(cut->source());
    if (!cut) problems_.push_back(std::move(cut.error()));
    if (damage.empty() && problems_.size() > before)
      damage.push_back({.app = origin.app,
                        .cause = query::Gap::Cause::Damaged,
                        .kept = {},
                        .begin = {},
                        .when = {},
                        .words = origin.path});
    std::ranges::move(damage, std::back_inserter(gaps_));
    if (!cut) return {};
    if (cut->size() == 0) return {};
    counts_.lines += cut->lines();
    if (auto begun = bundle_.begin(in_logs(name), cut->size()); !begun)
      return begun;
    auto copied =
        cut->copy([&](std::string_view bytes) { return bundle_.write(bytes); });
    if (!copied) return copied;
    if (auto ended = bundle_.end(); !ended) return ended;
    if (cut->times().empty()) return {};
    return bundle_.add(in_logs(store::sidecar_name(name)),
                       store::format_times(cut->times()));
  }

  const base::Home& home_;
  const std::string& line_;
  const Wanted& wanted_;
  store::BundleWriter bundle_;
  query::Problems problems_;
  std::vector<query::Gap> gaps_;
  Counts counts_;
};

// In a directory beside its place until it is whole, so that whoever breaks it
// off leaves nothing.
struct NewFile {
  base::TemporaryDir dir;
  std::string path;
  base::UniqueFd fd;
};

base::Result<NewFile> open_beside(const std::string& path) {
  const auto name = fs::base_name(path);
  auto dir =
      base::TemporaryDir::make(fs::temporary_name(name), fs::dir_name(path));
  if (!dir) return base::fail(std::move(dir.error()));
  std::string inside = fs::join(dir->path(), name);
  auto fd = fs::open(inside, O_WRONLY | O_CREAT | O_EXCL);
  if (!fd) return base::fail(std::move(fd.error()));
  return NewFile{std::move(*dir), std::move(inside), std::move(*fd)};
}

base::Status make_file(Making& making, const ReportPlan& plan,
                       const NewFile& file, const std::string& path) {
  auto made = making.run(plan);
  if (made) made = fs::fsync(file.fd.get(), path);
  return made ? fs::rename(file.path, path) : made;
}

void say_made(const Invocation& invocation, const Wanted& wanted,
              const Making& making) {
  const auto& counts = making.counts();
  if (invocation.json) {
    say(invocation,
        nlohmann::ordered_json{
            {"v", 1},
            {"file", wanted.path},
            {"bytes", making.written()},
            {"lines", counts.lines},
            {"apps", counts.apps},
            {"since", base::format_stamp(*wanted.query.since)},
            {"until", base::format_stamp(*wanted.query.until)}}
                .dump(-1, ' ', false,
                      nlohmann::ordered_json::error_handler_t::replace) +
            "\n");
    return;
  }
  say(invocation,
      fmt::format("[lodge] {}: {}, {} lines of {} {}, {} to {}\n",
                  printable(wanted.path), base::format_size(making.written()),
                  counts.lines, counts.apps, counts.apps == 1 ? "app" : "apps",
                  base::format_stamp(*wanted.query.since),
                  base::format_stamp(*wanted.query.until)));
}

}  // namespace

int run_report(const Invocation& invocation) {
  auto wanted = understand(invocation);
  if (!wanted) return report(invocation, wanted.error(), kUsage);
  if (auto there = check_home(invocation.home); !there)
    return report(invocation, there.error(), kUsage);
  const std::string logs = invocation.home.logs();
  auto catalog = store::load_catalog(logs);
  if (!catalog) return report(invocation, catalog.error(), kUsage);
  auto plan = plan_report(*catalog, logs, wanted->query);
  if (!plan) return report(invocation, plan.error(), kUsage);
  std::optional<NewFile> file;
  if (!wanted->path.empty()) {
    auto opened = open_beside(wanted->path);
    if (!opened) return report(invocation, opened.error(), kFailed);
    file.emplace(std::move(*opened));
  }
  Making making(invocation, *wanted, file ? file->fd.get() : STDOUT_FILENO);
  auto made =
      file ? make_file(making, *plan, *file, wanted->path) : making.run(*plan);
  if (!made) return report(invocation, made.error(), kFailed);
  for (const auto& problem : making.problems())
    report(invocation, problem, kUsage);
  if (file) say_made(invocation, *wanted, making);
  return making.problems().empty() ? kDone : kUsage;
}

}  // namespace cli
