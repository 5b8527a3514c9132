#include "daemon/log_requests.h"

#include <algorithm>

#include "base/fs.h"
#include "rotate/flush.h"
#include "rotate/prune.h"

namespace daemon_ {
namespace {

// Whose file is sealed again and again, faster than it is followed, is not
// spared for ever.
constexpr int kTries = 4;

std::optional<base::Timestamp> time_of(int64_t us) {
  if (us < 0) return std::nullopt;
  return base::Timestamp{us};
}

std::string_view outcome_name(capture::Sealed::Outcome outcome) {
  using enum capture::Sealed::Outcome;
  switch (outcome) {
    case Sealed:
      return "sealed";
    case Empty:
    case TooYoung:
      return "empty";
    case Pending:
      return "pending";
    case Failed:
      return "failed";
  }
  return "failed";
}

}  // namespace

// One flush, or prune, under way.
struct LogRequests::Flush {
  supervisor::Cause cause;
  OnReply reply;
  control::FlushReply result;
  std::vector<rotate::Stored> sealed;
  bool pruned = false;
  // Whose sealed files are to be taken, too.
  std::vector<base::TargetCandidate> selected;
  std::optional<base::Timestamp> before;
  int tries = 0;  // to take all live files
};

base::Result<std::vector<base::TargetCandidate>> LogRequests::select(
    const control::Selection& selection) const {
  const auto candidates = rotate::flush_candidates(parts_.chronicle.catalog());
  auto chosen =
      base::resolve_targets(selection.targets, selection.exclude, candidates);
  if (!chosen) return base::fail(std::move(chosen.error()));
  std::vector<base::TargetCandidate> selected;
  for (const size_t i : *chosen) selected.push_back(candidates[i]);
  return selected;
}

void LogRequests::flush(const control::FlushRequest& request,
                        const supervisor::Cause& cause, OnReply reply) {
  const auto& catalog = parts_.chronicle.catalog();
  const auto logs = parts_.home.logs();
  const auto before = time_of(request.before_us);
  auto selected = select(request.selection);
  if (!selected) return reply(refusal(selected.error()));
  auto plan = rotate::plan_flush(logs, catalog, *selected, before);
  if (!plan) return reply(refusal(plan.error()));
  Flush flush{cause, std::move(reply), {}, {}, false, {}, before};
  flush.result.dry_run = request.dry_run;
  for (const auto& file : *plan)
    flush.result.files.push_back({file.app, file.path, file.bytes, false});
  if (request.archives) flush.selected = std::move(*selected);
  if (!request.dry_run) {
    std::vector<std::string> paths;
    for (const auto& file : *plan) paths.push_back(file.path);
    return take_live(std::move(flush), std::move(paths));
  }
  if (auto listed = list_sealed(flush); !listed)
    return flush.reply(refusal(listed.error()));
  for (const auto& file : flush.sealed)
    flush.result.files.push_back({file.app, file.path, file.bytes, true});
  flush.reply(std::move(flush.result));
}

void LogRequests::take_live(Flush flush, std::vector<std::string> paths) {
  parts_.followers.wait(
      [this, flush = std::move(flush),
       paths = std::move(paths)](base::MonoTime opened) mutable {
        take_opened(std::move(flush), paths, opened);
      });
}

void LogRequests::take_opened(Flush flush,
                              const std::vector<std::string>& paths,
                              base::MonoTime opened) {
  if (++flush.tries >= kTries) opened = base::MonoTime::max();
  parts_.capture.replace(
      paths, opened,
      [this, flush = std::move(flush)](
          std::vector<capture::Replaced> replaced) mutable {
        parts_.loop.post([this, flush = std::move(flush),
                          replaced = std::move(replaced)]() mutable {
          taken(std::move(flush), replaced);
        });
      });
}

void LogRequests::taken(Flush flush,
                        const std::vector<capture::Replaced>& replaced) {
  std::vector<std::string> young;
  for (const auto& each : replaced) {
    if (each.error) return flush.reply(refusal(*each.error));
    if (each.too_young)
      young.push_back(each.path);
    else
      std::ranges::find(flush.result.files, each.path,
                        &control::FlushedFile::path)
          ->bytes = each.bytes;
  }
  if (!young.empty()) return take_live(std::move(flush), std::move(young));
  // Only now: what was sealed meanwhile is meant, too.
  if (auto listed = list_sealed(flush); !listed)
    return flush.reply(refusal(listed.error()));
  take_sealed(std::move(flush));
}

base::Status LogRequests::list_sealed(Flush& flush) const {
  if (flush.selected.empty()) return {};
  auto sealed =
      rotate::plan_sealed_flush(parts_.home.logs(), parts_.chronicle.catalog(),
                                flush.selected, flush.before);
  if (!sealed) return base::fail(std::move(sealed.error()));
  flush.sealed = std::move(*sealed);
  return {};
}

void LogRequests::take_sealed(Flush flush) {
  if (flush.sealed.empty()) return flushed(std::move(flush));
  parts_.followers.wait(
      [this, flush = std::move(flush)](base::MonoTime) mutable {
        remove_sealed(std::move(flush));
      });
}

void LogRequests::remove_sealed(Flush flush) {
  auto files = flush.sealed;
  parts_.housekeeper.remove(
      std::move(files), [this, flush = std::move(flush)](
                            const base::Result<uint64_t>& removed) mutable {
        if (!removed) return flush.reply(refusal(removed.error()));
        for (const auto& file : flush.sealed)
          flush.result.files.push_back({file.app, file.path, file.bytes, true});
        flushed(std::move(flush));
      });
}

void LogRequests::flushed(Flush flush) {
  std::map<std::string, int64_t> per_app;
  for (const auto& file : flush.result.files)
    per_app[file.app] += static_cast<int64_t>(file.bytes);
  for (const auto& [app, bytes] : per_app) {
    store::Event event;
    event.kind = store::EventKind::Flush;
    event.app = app;
    event.bytes = bytes;
    event.actor = flush.cause.actor;
    event.command = flush.cause.command;
    if (flush.pruned) event.reason = "pruned";
    parts_.chronicle.record(std::move(event));
  }
  send_when_written(parts_.recorder, std::move(flush.result),
                    std::move(flush.reply));
}

void LogRequests::rotate(const control::RotateRequest& request,
                         const supervisor::Cause& cause, OnReply reply) {
  auto selected = select(request.selection);
  if (!selected) return reply(refusal(selected.error()));
  auto plan = rotate::plan_flush(parts_.home.logs(), parts_.chronicle.catalog(),
                                 *selected);
  if (!plan) return reply(refusal(plan.error()));
  std::map<std::string, std::string> app_of;
  std::vector<std::string> paths;
  for (const auto& file : *plan) {
    app_of[file.path] = file.app;
    paths.push_back(file.path);
    parts_.chronicle.set_sealing(file.app, cause);
  }
  parts_.housekeeper.seal(
      paths, [this, app_of, reply](const std::vector<capture::Sealed>& sealed) {
        for (const auto& [path, app] : app_of)
          parts_.chronicle.set_sealing(app, {});
        control::RotateReply result;
        for (const auto& file : sealed) {
          const auto app = app_of.find(file.path);
          result.files.push_back(
              {app == app_of.end() ? "" : app->second, file.path,
               std::string(outcome_name(file.outcome)), file.segment,
               file.bytes, file.error ? file.error->message : ""});
        }
        reply(std::move(result));
      });
}

void LogRequests::reopen(OnReply reply) {
  parts_.capture.look([this, reply](size_t files) {
    parts_.loop.post([reply, files] { reply(control::ReopenReply{files}); });
  });
}

void LogRequests::prune(const control::PruneRequest& request,
                        const supervisor::Cause& cause, OnReply reply) {
  auto selected = select(request.selection);
  if (!selected) return reply(refusal(selected.error()));
  const auto logs = parts_.home.logs();
  auto stock =
      rotate::plan_sealed_flush(logs, parts_.chronicle.catalog(), *selected);
  if (!stock) return reply(refusal(stock.error()));
  rotate::Prune prune;
  prune.before = time_of(request.before_us);
  if (request.to_bytes >= 0) prune.to = static_cast<uint64_t>(request.to_bytes);
  if (request.free_bytes >= 0)
    prune.free = static_cast<uint64_t>(request.free_bytes);
  Flush flush{cause, std::move(reply), {}, {}, true, {}, {}};
  flush.result.dry_run = request.dry_run;
  auto removals =
      rotate::plan_prune(std::move(*stock), prune, parts_.clock.now());
  if (!removals) return flush.reply(refusal(removals.error()));
  for (auto& removal : *removals)
    flush.sealed.push_back(std::move(removal.file));
  if (!request.dry_run) return take_sealed(std::move(flush));
  for (const auto& file : flush.sealed)
    flush.result.files.push_back({file.app, file.path, file.bytes, true});
  flush.reply(std::move(flush.result));
}

}  // namespace daemon_
