#include "daemon/handlers.h"

#include <pwd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "base/fs.h"
#include "base/target.h"
#include "daemon/answers.h"

namespace daemon_ {
namespace {

constexpr std::chrono::hours kShortHistory{24};

control::Outcome outcome_of(const supervisor::Outcome& outcome) {
  control::Outcome result;
  result.app = outcome.life.app;
  result.id = outcome.life.id;
  result.instance = outcome.life.number;
  result.instances = outcome.instances;
  result.failed = outcome.settled.failed;
  result.detail = outcome.settled.detail;
  // Up and down again, as it should: an end, not a failure.
  const bool ended = !outcome.settled.failed && !result.detail.empty();
  result.action = ended ? "exited" : outcome.action;
  result.ready_ms = outcome.settled.took.count();
  result.generation = outcome.life.generation;
  if (!outcome.settled.held)
    result.started_at = base::format_stamp(outcome.life.launched);
  return result;
}

}  // namespace

Handlers::Handlers(Parts parts)
    : parts_(std::move(parts)),
      followers_(parts_.loop, parts_.clock, parts_.home.logs()),
      logs_({parts_.loop, parts_.clock, parts_.home, parts_.capture,
             parts_.chronicle, parts_.recorder, parts_.housekeeper,
             followers_}),
      snapshots_({parts_.loop, parts_.home, parts_.supervisor, parts_.recorder,
                  [this](const config::AppSpec& spec) -> base::Status {
                    auto as = parts_.users.resolve(spec.uid, spec.gid);
                    if (!as) return base::fail(std::move(as.error()));
                    return check_files({spec});
                  },
                  [this] {
                    parts_.chronicle.enter(parts_.supervisor);
                    parts_.housekeeper.apps_changed();
                  },
                  [this](OnReply reply) { return answer(std::move(reply)); },
                  parts_.is_ending}) {}

void Handlers::handle(const control::Request& request,
                      const control::Peer& peer, OnReply reply) {
  const supervisor::Cause cause{user_of(peer.uid), peer.caller.command};
  const bool harmless = std::holds_alternative<control::PingRequest>(request) ||
                        std::holds_alternative<control::ListRequest>(request) ||
                        std::holds_alternative<control::KillRequest>(request);
  if (parts_.is_ending() && !harmless)
    return reply(control::ErrorReply{"the daemon is shutting down",
                                     "start it again: lodge start", 1, true});
  std::visit([&](const auto& asked) { on(asked, cause, std::move(reply)); },
             request);
}

// The user database may be a slow server: asked once for each of the few who
// may speak to us.
std::string Handlers::user_of(uid_t uid) {
  const auto known = users_.find(uid);
  if (known != users_.end()) return known->second;
  const passwd* user = ::getpwuid(uid);
  return users_[uid] = user != nullptr ? user->pw_name : std::to_string(uid);
}

void Handlers::on(const control::PingRequest&, const supervisor::Cause&,
                  OnReply reply) {
  reply(parts_.describe_daemon());
}

void Handlers::on(const control::StopRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  parts_.supervisor.stop(*ids, cause, answer(reply));
}

void Handlers::on(const control::RestartRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  if (!request.variant.empty())
    if (auto good = parts_.supervisor.check_variant(*ids, request.variant);
        !good)
      return reply(refusal(good.error()));
  const supervisor::Environment env(request.env.begin(), request.env.end());
  parts_.supervisor.restart(
      *ids, request.wait,
      {request.update_env ? &env : nullptr, request.variant}, cause,
      answer(reply));
}

void Handlers::on(const control::DeleteRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  parts_.supervisor.remove(
      *ids, cause,
      [this, logs = request.logs, reply](supervisor::Outcomes outcomes) {
        if (logs) return delete_logs(outcomes, reply);
        answer(reply)(std::move(outcomes));
      });
}

void Handlers::on(const control::ListRequest& request, const supervisor::Cause&,
                  OnReply reply) {
  auto ids = select(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  const std::set<int> wanted(ids->begin(), ids->end());
  control::ListReply list;
  const auto& sizes = parts_.listing.live_sizes(parts_.chronicle.catalog());
  for (const auto& app : parts_.supervisor.apps())
    for (const auto& instance : app->instances)
      if (wanted.contains(instance->life().id))
        list.instances.push_back(
            parts_.listing.row(*app, *instance, request, sizes));
  std::ranges::sort(list.instances, {}, &control::InstanceInfo::id);
  std::unordered_map<std::string_view, std::vector<control::InstanceInfo*>>
      rows;
  for (auto& row : list.instances) rows[row.app].push_back(&row);
  list.logs_bytes = 0;
  for (const auto& [file, bytes] : sizes) list.logs_bytes += bytes;
  const auto age = [now = parts_.clock.now()](base::Timestamp time) {
    return std::max<int64_t>(0, (now.us - time.us) / 1000);
  };
  const auto& apps = parts_.chronicle.catalog().apps;
  auto all_sealed = parts_.sealed.of(apps);
  for (size_t i = 0; i < apps.size(); ++i) {
    const auto& app = apps[i];
    auto& sealed = all_sealed[i];
    list.logs_bytes += static_cast<int64_t>(sealed.bytes);
    if (const auto found = rows.find(app.name); found != rows.end())
      for (auto* row : found->second)
        row->log_bytes += sealed.by_instance[row->instance];
    const auto& oldest = sealed.oldest;
    if (!oldest) continue;
    list.logs_age_ms = std::max(list.logs_age_ms, age(*oldest));
    if (parts_.housekeeper.cut_apps().contains(app.name) &&
        age(*oldest) < std::chrono::milliseconds(kShortHistory).count())
      list.short_histories.push_back({app.name, age(*oldest)});
  }
  list.logs_cap = static_cast<int64_t>(parts_.housekeeper.cap());
  list.disk_full = parts_.listing.disk_full();
  list.degraded = parts_.describe_daemon().degraded;
  list.version = LODGE_VERSION;
  list.warning = parts_.warning;
  reply(std::move(list));
}

void Handlers::on(const control::FlushRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  logs_.flush(request, cause, std::move(reply));
}

void Handlers::on(const control::RotateRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  logs_.rotate(request, cause, std::move(reply));
}

void Handlers::on(const control::ReopenRequest&, const supervisor::Cause&,
                  OnReply reply) {
  logs_.reopen(std::move(reply));
}

void Handlers::on(const control::PruneRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  logs_.prune(request, cause, std::move(reply));
}

void Handlers::on(const control::KillRequest&, const supervisor::Cause& cause,
                  OnReply reply) {
  parts_.shut_down(cause, [reply] { reply(control::DoneReply{}); });
}

void Handlers::on(const control::UpdateRequest& request,
                  const supervisor::Cause&, OnReply reply) {
  parts_.updater.begin(request.path, std::move(reply));
}

void Handlers::on(const control::SaveRequest& request, const supervisor::Cause&,
                  OnReply reply) {
  snapshots_.save(request, std::move(reply));
}

void Handlers::on(const control::ResurrectRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  snapshots_.resurrect(request, cause, std::move(reply));
}

base::Result<std::vector<int>> Handlers::select(
    const control::Selection& selection) {
  std::vector<base::TargetCandidate> candidates;
  for (const auto& app : parts_.supervisor.apps())
    for (const auto& instance : app->instances)
      candidates.push_back({instance->life().id, app->spec.name,
                            app->spec.space, instance->life().number});
  auto chosen =
      base::resolve_targets(selection.targets, selection.exclude, candidates);
  if (!chosen) return base::fail(std::move(chosen.error()));
  std::vector<int> ids;
  for (const size_t i : *chosen) ids.push_back(candidates[i].id);
  return ids;
}

base::Result<std::vector<int>> Handlers::select_some(
    const control::Selection& selection) {
  auto ids = select(selection);
  if (!ids || !ids->empty()) return ids;
  const std::string words =
      selection.targets.empty() ? "all" : selection.targets.front();
  return base::fail(base::Errc::NotFound, words + ": there are no apps",
                    "start one: lodge start app.js");
}

supervisor::OnOutcomes Handlers::answer(OnReply reply) {
  return [this, reply](const supervisor::Outcomes& outcomes) {
    control::OutcomesReply result;
    for (const auto& outcome : outcomes) {
      auto& row = result.outcomes.emplace_back(outcome_of(outcome));
      if (const auto* app = parts_.supervisor.app_of(row.id))
        row.launched = "fork, " + supervisor::describe_launch(app->spec);
      if (row.action != "deleted") continue;
      row.log_bytes = 0;
      for (const auto& path :
           parts_.chronicle.files_left(row.app, {row.instance}))
        if (const auto info = base::fs::stat(path))
          row.log_bytes += info->st_size;
      row.log_bytes +=
          static_cast<int64_t>(sealed_bytes(row.app, row.instance));
    }
    send_when_written(parts_.recorder, std::move(result), reply);
  };
}

uint64_t Handlers::sealed_bytes(const std::string& app, int instance) {
  const auto* entry = parts_.chronicle.catalog().find(app);
  return entry != nullptr ? parts_.sealed.of(*entry).by_instance[instance] : 0;
}

std::string Handlers::app_name(int id) const {
  const auto* app = parts_.supervisor.app_of(id);
  return app != nullptr ? app->spec.name : std::string();
}

OnReply Handlers::within(int64_t limit_ms, std::vector<std::string> apps,
                         OnReply reply) {
  const uint64_t number = next_limit_++;
  const auto [it, made] = limits_.try_emplace(
      number, parts_.loop, [this, number, apps = std::move(apps), reply] {
        control::OutcomesReply result;
        for (const auto& app : parts_.supervisor.apps()) {
          if (std::ranges::count(apps, app->spec.name) == 0) continue;
          for (const auto& instance : app->instances) {
            auto& row = result.outcomes.emplace_back(
                outcome_of({instance->life(),
                            static_cast<int>(app->instances.size()),
                            "started",
                            {}}));
            row.launched = "fork, " + supervisor::describe_launch(app->spec);
            row.detail = supervisor::status_name(instance->state());
            row.ready_ms = -1;
          }
        }
        limits_.erase(number);
        send_when_written(parts_.recorder, std::move(result), reply);
      });
  it->second.start(std::chrono::milliseconds(limit_ms));
  return [this, number, reply](control::Reply answer) {
    // No entry: the limit has answered already.
    if (limits_.erase(number) > 0) reply(std::move(answer));
  };
}

void Handlers::delete_logs(const supervisor::Outcomes& outcomes,
                           OnReply reply) {
  std::map<std::string, std::set<int>> gone;
  for (const auto& outcome : outcomes)
    gone[outcome.life.app].insert(outcome.life.number);
  std::vector<std::string> paths;
  std::set<std::string> apps;
  for (const auto& [app, numbers] : gone) {
    std::ranges::move(parts_.chronicle.files_left(app, numbers),
                      std::back_inserter(paths));
    apps.insert(app);
  }
  // By the entries of now: those of apps that are gone are struck.
  std::vector<Housekeeper::Sealed> sealed;
  for (const auto& name : apps) {
    const auto* entry = parts_.chronicle.catalog().find(name);
    if (entry == nullptr) continue;
    auto& leaving = sealed.emplace_back(*entry, gone[name]);
    // Nobody is left to whom the rest of it could belong.
    if (parts_.supervisor.find_app(name) == nullptr)
      for (const auto& instance : entry->instances)
        leaving.instances.insert(instance.number);
  }
  // What is left of an app keeps its events and its entry.
  for (const auto& app : parts_.supervisor.apps()) apps.erase(app->spec.name);
  auto finish = [this, apps, outcomes, reply](base::Status status) mutable {
    if (!status) return reply(refusal(status.error()));
    // One that was started meanwhile has an entry and events of its own.
    for (const auto& app : parts_.supervisor.apps()) apps.erase(app->spec.name);
    for (const auto& app : apps) parts_.chronicle.strike(app);
    parts_.recorder.remove_events(apps);
    answer(reply)(outcomes);
  };
  // Live files first: what nobody writes is not sealed either.
  parts_.capture.remove(
      paths, [this, sealed, finish, reply](base::Status status) {
        parts_.loop.post([this, sealed, finish, reply,
                          status = std::move(status)]() mutable {
          if (!status) return reply(refusal(status.error()));
          parts_.housekeeper.remove_all(std::move(sealed), std::move(finish));
        });
      });
}

}  // namespace daemon_
