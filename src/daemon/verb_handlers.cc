// The smaller verbs: they change or ask for one thing of an instance.

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "daemon/answers.h"
#include "daemon/descriptors.h"
#include "daemon/handlers.h"
#include "supervisor/launch_plan.h"

namespace daemon_ {
namespace {

constexpr int kMostInstances = 1024;

}  // namespace

void Handlers::on(const control::ScaleRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  auto ids = select_some({.targets = {request.app}, .exclude = {}});
  if (!ids) return reply(refusal(ids.error()));
  auto* const app = parts_.supervisor.find_app(app_name(ids->front()));
  const auto fail = [&](std::string why, std::string hint) {
    reply(refusal({base::Errc::Invalid, 0, std::move(why), std::move(hint)}));
  };
  if (std::ranges::any_of(
          *ids, [&](int id) { return parts_.supervisor.app_of(id) != app; }))
    return fail(fmt::format("{}: several apps", request.app),
                fmt::format("one at a time: lodge scale {} {}", app->spec.name,
                            request.count));
  const int64_t count =
      request.relative
          ? static_cast<int64_t>(app->instances.size()) + request.count
          : request.count;
  if (count < 1)
    return fail(fmt::format("{}: it has {} instance{}, one must stay",
                            app->spec.name, app->instances.size(),
                            app->instances.size() == 1 ? "" : "s"),
                fmt::format("lodge stop {}, or lodge delete {}", app->spec.name,
                            app->spec.name));
  if (count > kMostInstances)
    return fail(fmt::format("{}: {} instances", app->spec.name, count),
                fmt::format("at most {}", kMostInstances));
  auto wanted = app->spec;
  wanted.instances = static_cast<int>(count);
  if (auto free = check_files({std::move(wanted)}); !free)
    return reply(refusal(free.error()));
  const auto have = static_cast<int64_t>(app->instances.size());
  if (auto room = check_descriptors(
          static_cast<size_t>(std::max<int64_t>(count - have, 0)));
      !room)
    return reply(refusal(room.error()));
  auto scaled = parts_.supervisor.scale(*app, static_cast<int>(count),
                                        request.wait, cause, answer(reply));
  if (!scaled) return reply(refusal(scaled.error()));
  if (count != have)
    parts_.chronicle.changed(app->spec.name, {"instances"}, cause);
  parts_.chronicle.enter(parts_.supervisor);
  parts_.housekeeper.apps_changed();
}

void Handlers::on(const control::ResetRequest& request,
                  const supervisor::Cause&, OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  answer(reply)(parts_.supervisor.reset(*ids));
}

void Handlers::on(const control::SignalRequest& request,
                  const supervisor::Cause&, OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  answer(reply)(parts_.supervisor.signal(*ids, request.signal));
}

void Handlers::on(const control::InputRequest& request,
                  const supervisor::Cause&, OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  const auto fail = [&](const base::Error& error, const std::string& name) {
    reply(refusal(base::Error(error).with_context(name)));
  };
  const auto* const instance = parts_.supervisor.find(ids->front());
  const auto name =
      fmt::format("{}/{}", instance->life().app, instance->life().number);
  if (ids->size() != 1)
    return fail({base::Errc::Invalid, 0, "one instance at a time",
                 fmt::format("say which: {}, or id:{}", name, ids->front())},
                instance->life().app);
  auto bytes = base::from_base64(request.data);
  if (!bytes) return fail(bytes.error(), name);
  auto taken = parts_.input(instance->life().slot, *bytes);
  if (!taken) return fail(taken.error(), name);
  reply(control::InputReply{*taken});
}

void Handlers::on(const control::EnvRequest& request, const supervisor::Cause&,
                  OnReply reply) {
  auto ids = select_some(request.selection);
  if (!ids) return reply(refusal(ids.error()));
  control::EnvReply result;
  for (const int id : *ids) {
    const auto* const app = parts_.supervisor.app_of(id);
    const auto& life = parts_.supervisor.find(id)->life();
    auto& row = result.instances.emplace_back();
    row.app = life.app;
    row.id = id;
    row.instance = life.number;
    row.instances = static_cast<int>(app->instances.size());
    // Without its interpreter it can't be started, but has its environment.
    const supervisor::Copy copy{id, life.number, ""};
    auto env = supervisor::environment_of(app->spec, copy);
    // What it is started with as another user.
    if (auto as = parts_.users.resolve(app->spec.uid, app->spec.gid); as && *as)
      set_user(env, **as);
    for (const auto& entry : env) {
      const auto equals = entry.find('=');
      if (entry.substr(0, equals) == supervisor::kTagVariable) continue;
      row.env.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  reply(std::move(result));
}

}  // namespace daemon_
