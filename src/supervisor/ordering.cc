// Who starts after whom, and who is stopped before whom.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "config/dependencies.h"
#include "supervisor/gather.h"
#include "supervisor/supervisor.h"

namespace supervisor {

std::optional<std::vector<Standing>> Supervisor::standings(
    const std::string& name) {
  const App* const app = find_app(name);
  if (app == nullptr) return std::nullopt;
  std::vector<Standing> all;
  for (const auto& instance : app->instances) {
    Standing standing;
    standing.state = instance->state();
    standing.ready = instance->ready();
    standing.healthy = instance->health().health == Health::Healthy;
    standing.ended_well = instance->ended_well();
    standing.held_back = instance->barred();
    standing.words = instance->reason();
    all.push_back(std::move(standing));
  }
  return all;
}

// Each start changes how others stand, which brings us here again.
void Supervisor::look_at_held() {
  look_posted_ = false;
  if (shutting_down_) return;
  for (auto& app : apps_) {
    const bool held = std::ranges::any_of(app->instances, [](const auto& i) {
      return i->state() == State::Held;
    });
    if (!held) continue;
    const auto cleared =
        clearance(app->spec.depends_on,
                  [this](const std::string& name) { return standings(name); });
    for (auto& instance : app->instances) {
      if (cleared.kind == Clearance::Kind::Free) instance->release();
      if (cleared.kind == Clearance::Kind::Waiting)
        instance->keep_waiting(cleared.why);
      if (cleared.kind == Clearance::Kind::Barred) instance->bar(cleared.why);
    }
  }
}

void Supervisor::on_ready_word(uint64_t slot) {
  if (Instance* const instance = by_slot(slot)) instance->on_ready_word();
}

void Supervisor::on_notice(uint64_t slot, int pid, Notice notice) {
  Instance* const instance = by_slot(slot);
  if (instance == nullptr || instance->pid() == 0) return;
  const ProcessSnapshot::Tree tree{.root = instance->pid(),
                                   .root_ended = false,
                                   .tag = instance->life().tag(around_.home_id),
                                   .ancestor = 0};
  if (!is_member(pid, tree)) return;
  if (notice.main_pid != 0 && !is_member(notice.main_pid, tree))
    notice.main_pid = 0;
  instance->on_notice(notice);
}

// One group after another; each begins when nothing of the one before is left.
void Supervisor::stop_in_order(const std::vector<int>& ids, bool keep_wanted,
                               const Cause& cause, OnOutcomes done,
                               int signal) {
  struct Stop {
    int id;
    std::function<void(Settled)> done;
  };
  config::Specs specs;
  for (const int id : ids) specs.push_back(&app_at(id).spec);
  std::map<std::string, size_t> place;
  const auto order = config::stop_order(specs);
  for (size_t i = 0; i < order.size(); ++i)
    for (const auto& name : order[i]) place[name] = i;
  auto gather = std::make_shared<Gather>(around_.loop, std::move(done));
  gather->begin();
  auto groups = std::make_shared<std::vector<std::vector<Stop>>>(order.size());
  for (const int id : ids) {
    const App& app = app_at(id);
    (*groups)[place.at(app.spec.name)].push_back(
        {id, gather->expect(at(id), app, "stopped")});
  }
  // Held by the callbacks of the group under way; it has the last word.
  auto begin_group = std::make_shared<std::function<void(size_t)>>();
  *begin_group = [this, groups, keep_wanted, cause, signal,
                  next = std::weak_ptr(begin_group)](size_t index) {
    if (index == groups->size()) return;
    auto left = std::make_shared<size_t>((*groups)[index].size());
    const auto one_down = [self = next.lock(), left, index] {
      if (--*left == 0) (*self)(index + 1);
    };
    for (auto& stop : (*groups)[index]) {
      Instance* const instance = find(stop.id);
      if (instance == nullptr) {
        stop.done({.failed = true, .detail = "deleted meanwhile"});
        around_.loop.post(one_down);
        continue;
      }
      const bool was_wanted = instance->wanted();
      instance->stop(
          cause,
          [one_down, told = std::move(stop.done)](const Settled& settled) {
            told(settled);
            one_down();
          },
          signal);
      if (keep_wanted) instance->set_wanted(was_wanted);
    }
    observer_.on_list_changed();
  };
  (*begin_group)(0);
  gather->close();
}

bool Supervisor::depend_among(const std::vector<int>& ids) {
  std::set<std::string_view> names;
  for (const int id : ids) names.insert(app_at(id).spec.name);
  return std::ranges::any_of(ids, [&](int id) {
    return std::ranges::any_of(app_at(id).spec.depends_on, [&](const auto& on) {
      return names.contains(on.first);
    });
  });
}

// Down as by `stop`, up as by `start`.
void Supervisor::restart_in_order(const std::vector<int>& ids,
                                  std::vector<Restart> restarts,
                                  const Cause& cause) {
  Cause start = cause;
  if (start.why.empty()) start.why = "restart";
  stop_in_order(
      ids, true, cause,
      [this, start, restarts = std::move(restarts)](const Outcomes&) {
        for (const auto& one : restarts) {
          Instance* const instance = find(one.id);
          if (instance != nullptr && !shutting_down_)
            instance->start(start, one.done);
          else if (one.done)
            one.done({.failed = true, .detail = "stopped meanwhile"});
        }
        observer_.on_list_changed();
      },
      0);
}

}  // namespace supervisor
