#include "supervisor/cron_restarts.h"

#include <algorithm>

#include "base/log.h"

namespace supervisor {
namespace {

using std::chrono::milliseconds;

// The wall clock may be set meanwhile.
constexpr milliseconds kLongestSleep{30'000};

}  // namespace

CronRestarts::CronRestarts(base::EventLoop& loop, const base::Clock& clock,
                           Supervisor& supervisor)
    : clock_(clock),
      supervisor_(supervisor),
      timer_(loop, [this] { tick(); }) {}

base::Result<CronRestarts::Due> CronRestarts::make_due(
    const config::KeepSettings& keep) {
  auto times = config::RestartTimes::parse(keep.cron);
  if (!times) return base::fail(std::move(times.error()));
  auto zone = base::TimeZone::load(keep.cron_tz);
  if (!zone) return base::pass(std::move(zone), "cron_tz");
  return Due{keep.cron, keep.cron_tz, *times, std::move(*zone), {}};
}

void CronRestarts::refresh() {
  std::erase_if(due_, [&](const auto& entry) {
    const App* const app = supervisor_.find_app(entry.first);
    return app == nullptr || app->spec.keep.cron != entry.second.text ||
           app->spec.keep.cron_tz != entry.second.zone_name;
  });
  for (const auto& app : supervisor_.apps()) {
    if (app->spec.keep.cron.empty() || due_.contains(app->spec.name)) continue;
    auto due = make_due(app->spec.keep);
    if (!due) {
      base::log::error("{}: {}", app->spec.name, due.error().message);
      continue;
    }
    // From now on: to be defined is no reason to be restarted.
    const auto next = due->times.next_after(clock_.now(), due->zone);
    if (!next) continue;
    due->next = *next;
    due_.emplace(app->spec.name, std::move(*due));
  }
  arm();
}

void CronRestarts::tick() {
  const auto now = clock_.now();
  std::vector<std::string> apps;
  for (auto& [app, due] : due_) {
    if (due.next <= now) apps.push_back(app);
    // Anew each time: a clock that was set back has its due times again.
    due.next = due.times.next_after(now, due.zone).value_or(due.next);
  }
  for (const auto& name : apps)
    if (const App* const app = supervisor_.find_app(name)) restart(*app);
  arm();
}

void CronRestarts::arm() {
  if (due_.empty()) return timer_.stop();
  auto next = due_.begin()->second.next;
  for (const auto& [app, due] : due_) next = std::min(next, due.next);
  const milliseconds left((next.us - clock_.now().us + 999) / 1000);
  timer_.start(std::clamp(left, milliseconds{1}, kLongestSleep));
}

void CronRestarts::restart(const App& app) {
  const Cause cause{"lodge", "cron_restart", "cron " + app.spec.keep.cron};
  std::vector<int> running;
  std::vector<int> resting;
  for (const auto& instance : app.instances) {
    if (instance->wanted() && instance->state() == State::Online)
      running.push_back(instance->life().id);
    if (instance->resting() && instance->state() == State::Stopped)
      resting.push_back(instance->life().id);
  }
  if (!running.empty())
    supervisor_.restart(running, false, {}, cause, [](const Outcomes&) {});
  if (!resting.empty())
    supervisor_.start(resting, false, {}, cause, [](const Outcomes&) {});
}

}  // namespace supervisor
