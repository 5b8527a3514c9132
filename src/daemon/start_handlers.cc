#include <algorithm>
#include <memory>
#include <set>

#include "daemon/answers.h"
#include "daemon/descriptors.h"
#include "daemon/file_claims.h"
#include "daemon/handlers.h"
#include "daemon/log_files.h"
#include "daemon/start_checks.h"
#include "daemon/start_plan.h"

namespace daemon_ {
namespace {

// Several answers to one: collected until the last has come.
class Answers : public std::enable_shared_from_this<Answers> {
 public:
  explicit Answers(supervisor::OnOutcomes done) : done_(std::move(done)) {}
  supervisor::OnOutcomes expect() {
    ++open_;
    return [self = shared_from_this()](supervisor::Outcomes more) {
      std::ranges::move(more, std::back_inserter(self->all_));
      if (--self->open_ == 0) self->done_(std::move(self->all_));
    };
  }

 private:
  supervisor::OnOutcomes done_;
  supervisor::Outcomes all_;
  int open_ = 0;
};

// Of the instances there are; none of an app that is new.
std::vector<int> numbers_of(const supervisor::App* app) {
  std::vector<int> numbers;
  if (app != nullptr)
    for (const auto& instance : app->instances)
      numbers.push_back(instance->life().number);
  return numbers;
}

// Instances that will run and do not yet.
size_t count_new(supervisor::Supervisor& supervisor,
                 const std::vector<config::AppSpec>& specs,
                 const std::vector<int>& known) {
  size_t count = 0;
  for (const auto& spec : specs) {
    const auto wanted = static_cast<size_t>(std::max(spec.instances, 0));
    size_t running = 0;
    if (const auto* app = supervisor.find_app(spec.name))
      running = static_cast<size_t>(std::ranges::count_if(
          app->instances, [](const auto& one) { return one->pid() != 0; }));
    count += wanted - std::min(wanted, running);
  }
  for (const int id : known)
    if (supervisor.find(id)->pid() == 0) ++count;
  return count;
}

}  // namespace

void Handlers::on(const control::StartRequest& request,
                  const supervisor::Cause& cause, OnReply reply) {
  // Everything is checked before anything is started.
  std::vector<config::AppSpec> specs;
  for (const auto& definition : request.definitions) {
    auto spec = read_definition(definition, request, parts_.supervisor);
    if (!spec) return reply(refusal(spec.error()));
    // What can't be run is not made an app first.
    if (auto good = check_app(*spec, parts_.users); !good)
      return reply(refusal(good.error()));
    specs.push_back(std::move(*spec));
  }
  if (auto free = check_files(specs); !free)
    return reply(refusal(free.error()));
  config::Specs others;
  for (const auto& app : parts_.supervisor.apps()) others.push_back(&app->spec);
  if (auto good = check_order(specs, others); !good)
    return reply(refusal(good.error()));
  std::vector<int> known;
  if (!request.known.targets.empty()) {
    auto ids = select_some(request.known);
    if (!ids) return reply(refusal(ids.error()));
    known = std::move(*ids);
  }
  if (!request.variant.empty())
    if (auto good = parts_.supervisor.check_variant(known, request.variant);
        !good)
      return reply(refusal(good.error()));
  for (const auto& spec : specs)
    if (auto free = parts_.supervisor.check_name(spec); !free)
      return reply(refusal(free.error()));
  const auto pruned = pruned_ids(request, parts_.supervisor);
  if (request.dry_run)
    return reply(control::OutcomesReply{
        plan_start(specs, request, pruned, parts_.supervisor)});
  if (auto room = check_descriptors(count_new(parts_.supervisor, specs, known));
      !room)
    return reply(refusal(room.error()));
  if (request.wait && request.wait_ms >= 0) {
    std::vector<std::string> apps;
    for (const auto& spec : specs) apps.push_back(spec.name);
    for (const int id : known) apps.push_back(app_name(id));
    reply = within(request.wait_ms, std::move(apps), std::move(reply));
  }
  auto answers = std::make_shared<Answers>(answer(reply));
  const auto hold = answers->expect();
  if (!pruned.empty())
    parts_.supervisor.remove(pruned, cause, answers->expect());
  for (auto& spec : specs) {
    auto started = parts_.supervisor.start(
        std::move(spec), {request.wait, request.update_env, request.restart},
        cause, answers->expect());
    if (!started) return reply(refusal(started.error()));
  }
  const supervisor::Environment env(request.env.begin(), request.env.end());
  // Asked for by an older command, it brings none.
  const bool new_env = request.update_env && !env.empty();
  if (!known.empty())
    parts_.supervisor.start(known, request.wait,
                            {new_env ? &env : nullptr, request.variant}, cause,
                            answers->expect());
  parts_.chronicle.enter(parts_.supervisor);
  parts_.housekeeper.apps_changed();
  hold({});
}

// Of each of `specs`, beside all apps there are and those before it.
base::Status Handlers::check_files(const std::vector<config::AppSpec>& specs) {
  if (specs.empty()) return {};
  std::set<std::string_view> names;
  for (const auto& spec : specs) names.insert(spec.name);
  std::vector<AppFiles> others;
  for (const auto& app : parts_.supervisor.apps())
    if (!names.contains(app->spec.name))
      others.push_back(app_files(app->spec, numbers_of(app.get())));
  FileClaims claims(others, parts_.chronicle.catalog(), parts_.home);
  for (const auto& spec : specs) {
    if (auto good = check_schedule(spec); !good) return good;
    if (auto free = claims.add(
            app_files(spec, numbers_of(parts_.supervisor.find_app(spec.name))));
        !free)
      return free;
  }
  return {};
}

}  // namespace daemon_
