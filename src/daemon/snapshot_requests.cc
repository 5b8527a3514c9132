#include "daemon/snapshot_requests.h"

#include <algorithm>

#include "base/fs.h"
#include "base/target.h"
#include "supervisor/app_list.h"

namespace daemon_ {
namespace {

base::Status write_snapshot(const base::Home& home, const std::string& path,
                            const std::string& text) {
  if (auto made = base::fs::make_dir(home.snapshots()); !made)
    return base::pass(std::move(made), "snapshot");
  supervisor::remove_leftovers(path);
  if (auto saved = base::fs::replace_file(path, text); !saved)
    return base::pass(std::move(saved), "snapshot");
  return {};
}

base::Result<supervisor::AppList> read_snapshot(const std::string& path) {
  auto text = base::fs::read_file(path);
  if (!text) return base::fail(std::move(text.error()));
  auto list = supervisor::parse_app_list(*text);
  if (!list) return base::pass(std::move(list), path);
  return list;
}

supervisor::Outcome outcome_of(const supervisor::App& app,
                               const supervisor::Instance& instance,
                               std::string action) {
  return {instance.life(),
          static_cast<int>(app.instances.size()),
          std::move(action),
          {}};
}

supervisor::Outcome refused(const config::AppSpec& spec,
                            const base::Error& error) {
  supervisor::Outcome outcome;
  outcome.life.app = spec.name;
  outcome.life.id = -1;
  outcome.action = "started";
  outcome.settled.failed = true;
  outcome.settled.detail = error.message;
  if (!error.hint.empty()) outcome.settled.detail += "; " + error.hint;
  return outcome;
}

}  // namespace

void SnapshotRequests::save(const control::SaveRequest& request,
                            OnReply reply) {
  // It becomes a file's name.
  if (auto good = base::check_snapshot_name(request.name); !good)
    return reply(refusal(good.error()));
  const auto list = parts_.supervisor.list();
  parts_.recorder.run_aside(
      [this, reply, path = parts_.home.snapshot(request.name),
       apps = list.apps.size(), text = supervisor::print_app_list(list)] {
        auto written = write_snapshot(parts_.home, path, text);
        parts_.loop.post([reply, path, apps, written = std::move(written)] {
          if (!written) return reply(refusal(written.error()));
          reply(control::SaveReply{path, apps});
        });
      });
}

void SnapshotRequests::resurrect(const control::ResurrectRequest& request,
                                 const supervisor::Cause& cause,
                                 OnReply reply) {
  if (auto good = base::check_snapshot_name(request.name); !good)
    return reply(refusal(good.error()));
  parts_.recorder.run_aside([this, request, cause, reply] {
    auto list = read_snapshot(parts_.home.snapshot(request.name));
    parts_.loop.post(
        [this, request, cause, reply, list = std::move(list)]() mutable {
          if (list) return bring_back(std::move(*list), request, cause, reply);
          auto error = std::move(list.error());
          reply(control::ErrorReply{error.message, error.hint, 1});
        });
  });
}

void SnapshotRequests::bring_back(supervisor::AppList list,
                                  const control::ResurrectRequest& request,
                                  const supervisor::Cause& cause,
                                  OnReply reply) {
  if (parts_.is_ending())
    return reply(
        control::ErrorReply{"the daemon is shutting down", "", 1, true});
  supervisor::Outcomes outcomes;
  std::vector<int> wanted;
  for (auto& listed : list.apps) {
    if (const auto* app = parts_.supervisor.find_app(listed.spec.name)) {
      for (const auto& instance : app->instances) {
        const bool was_up =
            std::ranges::any_of(listed.instances, [&](const auto& then) {
              return then.wanted && then.number == instance->life().number;
            });
        if (was_up && request.start_known)
          wanted.push_back(instance->life().id);
        else
          outcomes.push_back(outcome_of(*app, *instance, "unchanged"));
      }
      continue;
    }
    // What can't be brought back keeps nothing else from it.
    if (auto good = parts_.check(listed.spec); !good) {
      outcomes.push_back(refused(listed.spec, good.error()));
      continue;
    }
    const std::string name = listed.spec.name;
    std::ranges::move(parts_.supervisor.add(std::move(listed)),
                      std::back_inserter(wanted));
    const auto* app = parts_.supervisor.find_app(name);
    if (app == nullptr) continue;  // it had no instance
    for (const auto& instance : app->instances)
      if (std::ranges::count(wanted, instance->life().id) == 0)
        outcomes.push_back(outcome_of(*app, *instance, "kept stopped"));
  }
  parts_.apps_changed();
  parts_.supervisor.start(
      wanted, request.wait, {}, cause,
      [done = parts_.answer(std::move(reply)),
       outcomes = std::move(outcomes)](supervisor::Outcomes started) mutable {
        std::ranges::move(started, std::back_inserter(outcomes));
        done(std::move(outcomes));
      });
}

}  // namespace daemon_
