#include "cli/archive_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/fs.h"
#include "base/settings.h"
#include "base/target.h"
#include "base/time_spec.h"
#include "base/units.h"
#include "cli/app_commands.h"
#include "cli/archive_flags.h"
#include "cli/archive_verify.h"
#include "cli/archive_views.h"
#include "cli/commands.h"
#include "cli/log_file_commands.h"
#include "cli/logs_command.h"
#include "cli/report.h"
#include "cli/stored_files.h"
#include "rotate/archiving.h"
#include "rotate/prune.h"
#include "rotate/storage.h"
#include "store/archive_log.h"
#include "store/events.h"
#include "store/live_reader.h"

namespace cli {
namespace {

// A segment's last line that has a stamp is near its end.
constexpr int kLastLines = 64;

base::Zone zone_of(const Invocation& invocation) {
  return invocation.args.has("utc") ? base::Zone::Utc : base::Zone::Local;
}

// --- ls ----------------------------------------------------------------------

void look_at_archive(const store::ArchiveReader& archive, ArchiveRow& row) {
  row.raw = archive.size();
  if (archive.has_index()) row.lines = archive.lines();
  for (const auto& frame : archive.frames()) {
    if (frame.first && (!row.first || *frame.first < *row.first))
      row.first = frame.first;
    if (frame.last && (!row.last || *frame.last > *row.last))
      row.last = frame.last;
  }
  if (!archive.problems().empty())
    row.problem = archive.problems().front().message;
}

void look_at_segment(store::Log& log, ArchiveRow& row) {
  auto size = log.size();
  if (!size) {
    row.problem = size.error().message;
    return;
  }
  row.raw = *size;
  if (auto head = store::read_head(log, 0)) row.first = head->stamp;
  store::BackwardLines lines(log, *size);
  for (int i = 0; i < kLastLines && !row.last; ++i) {
    auto mark = lines.previous();
    if (!mark || !*mark) break;
    row.last = (*mark)->stamp;
  }
}

std::optional<ArchiveRow> look_at(const rotate::Stored& file) {
  ArchiveRow row;
  row.file = file;
  row.first = file.first;
  base::Status status;
  if (file.compressed) {
    auto archive = store::open_archive(file.path);
    if (archive)
      look_at_archive(*archive, row);
    else
      status = base::fail(std::move(archive.error()));
  } else {
    auto log = store::open_log(file.path);
    if (log)
      look_at_segment(**log, row);
    else
      status = base::fail(std::move(log.error()));
  }
  if (status) return row;
  if (status.error().code == base::Errc::NotFound) return std::nullopt;
  row.problem = status.error().message;
  return row;
}

int run_ls(const Invocation& invocation) {
  auto files = stored_files(invocation);
  if (!files) return files.error();
  std::vector<ArchiveRow> rows;
  bool damaged = false;
  for (const auto& file : *files) {
    auto row = look_at(file);
    if (!row) continue;  // deleted meanwhile
    damaged = damaged || !row->problem.empty();
    rows.push_back(std::move(*row));
  }
  say(invocation, invocation.json ? archive_json(rows)
                                  : archive_table(rows, zone_of(invocation),
                                                  invocation.color));
  std::fflush(stdout);
  for (const auto& row : rows)
    if (!row.problem.empty())
      report(invocation, {base::Errc::Invalid, 0, row.problem, {}}, kUsage);
  return damaged ? kUsage : kDone;
}

// --- export ------------------------------------------------------------------

// Everything there is in a range, live files too.
int run_export(const Invocation& invocation) {
  LogsArgs args = logs_args(invocation);
  args.command = "archive export";
  args.targets.erase(args.targets.begin());
  if (!args.lines) args.lines = "all";
  args.events = false;
  args.full = true;
  return run_logs(invocation.home, args);
}

// --- prune -------------------------------------------------------------------

base::Result<control::PruneRequest> prune_request(
    const Invocation& invocation) {
  control::PruneRequest request;
  request.selection = archive_selection(invocation);
  request.dry_run = invocation.args.has("dry-run");
  if (const auto older = invocation.args.value("older")) {
    const auto now = base::SystemClock().now();
    auto time = base::parse_time(*older, now, zone_of(invocation));
    if (!time) return base::pass(std::move(time), "--older");
    request.before_us = time->us;
  }
  const auto size = [&](std::string_view flag, int64_t& into) -> base::Status {
    const auto text = invocation.args.value(flag);
    if (!text) return {};
    auto bytes = base::parse_size(*text);
    if (!bytes) return base::pass(std::move(bytes), fmt::format("--{}", flag));
    into = static_cast<int64_t>(*bytes);
    return {};
  };
  if (auto good = size("to", request.to_bytes); !good)
    return base::fail(std::move(good.error()));
  if (auto good = size("free", request.free_bytes); !good)
    return base::fail(std::move(good.error()));
  if (request.before_us < 0 && request.to_bytes < 0 && request.free_bytes < 0)
    return base::fail(base::Errc::Invalid, "prune: what is to go is missing",
                      "--older 7d, --to 500M or --free 10G");
  return request;
}

// What is gone has an event, whoever took it.
void tell_pruned(const Invocation& invocation,
                 const control::FlushReply& reply) {
  std::map<std::string, int64_t> per_app;
  for (const auto& file : reply.files)
    per_app[file.app] += static_cast<int64_t>(file.bytes);
  for (const auto& [app, bytes] : per_app) {
    store::Event event;
    event.time = base::SystemClock().now();
    event.kind = store::EventKind::Flush;
    event.app = app;
    event.bytes = bytes;
    event.command = invocation.line;
    event.reason = "pruned";
    auto told = store::append_event(invocation.home.logs(), event);
    if (!told) report(invocation, told.error(), kFailed);
  }
}

// Without a daemon there is nobody else who deletes.
std::expected<control::FlushReply, int> prune_here(
    const Invocation& invocation, const control::PruneRequest& request) {
  auto files = stored_files(invocation);
  if (!files) return std::unexpected(kFailed);  // as the daemon would have it
  rotate::Prune prune;
  if (request.before_us >= 0) prune.before = base::Timestamp{request.before_us};
  if (request.to_bytes >= 0) prune.to = static_cast<uint64_t>(request.to_bytes);
  if (request.free_bytes >= 0)
    prune.free = static_cast<uint64_t>(request.free_bytes);
  auto removals =
      rotate::plan_prune(std::move(*files), prune, base::SystemClock().now());
  if (!removals)
    return std::unexpected(report(invocation, removals.error(), kFailed));
  control::FlushReply reply;
  reply.dry_run = request.dry_run;
  const auto note = [&](const rotate::Removal& removal) {
    reply.files.push_back(
        {removal.file.app, removal.file.path, removal.file.bytes, true});
  };
  if (request.dry_run) {
    std::ranges::for_each(*removals, note);
    return reply;
  }
  auto removed = rotate::remove_stored(*removals, note);
  tell_pruned(invocation, reply);
  if (!removed)
    return std::unexpected(report(invocation, removed.error(), kFailed));
  return reply;
}

int run_prune(const Invocation& invocation) {
  auto request = prune_request(invocation);
  if (!request) return report(invocation, request.error(), kUsage);
  auto answer =
      control::ask(invocation.home, *request, {.command = invocation.line}, {});
  const bool alone = !answer && answer.error().code == base::Errc::Unavailable;
  auto reply =
      alone ? prune_here(invocation, *request)
            : expect_reply<control::FlushReply>(invocation, std::move(answer));
  if (!reply) return reply.error();
  return say_flushed(invocation, *reply);
}

// --- retention ---------------------------------------------------------------

int run_retention(const Invocation& invocation) {
  const auto logs = invocation.home.logs();
  auto catalog = store::load_catalog(logs);
  if (!catalog) return report(invocation, catalog.error(), kUsage);
  auto settings = base::load_settings(invocation.home.path("settings.json"));
  if (!settings) return report(invocation, settings.error(), kUsage);
  auto files = stored_files(invocation);
  if (!files) return files.error();
  std::map<uint64_t, std::vector<rotate::Stored>> by_device;
  std::map<uint64_t, std::map<std::string, uint64_t>> live;
  std::map<uint64_t, std::string> where;
  for (auto& file : *files) {
    where.try_emplace(file.device, base::fs::dir_name(file.path));
    by_device[file.device].push_back(std::move(file));
  }
  const auto add_live = [&](const std::string& app, const std::string& name) {
    const auto path = store::file_path(logs, name);
    const auto info = base::fs::stat(path);
    if (!info) return;
    live[info->st_dev][app] += static_cast<uint64_t>(info->st_size);
    where[info->st_dev] = base::fs::dir_name(path);
    by_device.try_emplace(info->st_dev);
  };
  for (const auto& app : catalog->apps) {
    for (const auto& file : store::files_of(app)) add_live(app.name, file.file);
    add_live(app.name, app.events_file);
    add_live(app.name, store::earlier_events(app.events_file));
  }
  std::string text;
  for (auto& [device, stock] : by_device) {
    const auto space = base::fs::space(where[device]);
    if (!space) return report(invocation, space.error(), kFailed);
    rotate::Facts facts;
    facts.now = base::SystemClock().now();
    facts.free = space->free;
    facts.gone_age = settings->keep_gone;
    for (const auto& [app, bytes] : live[device]) facts.live += bytes;
    facts.live_of = [&, id = device](const std::string& app) {
      return live[id][app];
    };
    facts.retain = [&](const std::string& name) {
      const auto* app = catalog->find(name);
      return app != nullptr ? rotate::retain_of(app->keep) : rotate::Retain{};
    };
    const auto outlook = rotate::explain_retention(
        std::move(stock), rotate::budget_of(*settings, space->total), facts);
    text += invocation.json
                ? retention_json(outlook, where[device])
                : retention_view(outlook, where[device], zone_of(invocation),
                                 invocation.color);
  }
  if (text.empty() && !invocation.json) text = "nothing is stored\n";
  say(invocation, text);
  return kDone;
}

struct Verb {
  std::string_view name;
  int (*run)(const Invocation&);
};
constexpr Verb kVerbs[] = {
    {"ls", run_ls},         {"list", run_ls},     {"verify", run_verify},
    {"export", run_export}, {"prune", run_prune}, {"retention", run_retention}};

}  // namespace

int run_archive(const Invocation& invocation) {
  const auto& word = invocation.args.words.front();
  std::vector<std::string> known;
  for (const auto& verb : kVerbs) {
    if (verb.name == word) {
      auto good =
          check_archive_flags(word, invocation.command, invocation.args);
      return good ? verb.run(invocation)
                  : report(invocation, good.error(), kUsage);
    }
    known.emplace_back(verb.name);
  }
  const auto nearest = base::nearest_word(word, known);
  return report(invocation,
                {base::Errc::Invalid, 0,
                 fmt::format("{}: no such thing to do with archives", word),
                 nearest.empty() ? "ls, verify, export, prune or retention"
                                 : fmt::format("did you mean {}?", nearest)},
                kUsage);
}

}  // namespace cli
