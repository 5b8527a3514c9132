#include "supervisor/memory_guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace supervisor {
namespace {

constexpr std::chrono::milliseconds kLook{1000};

}  // namespace

MemoryGuard::MemoryGuard(base::EventLoop& loop, Supervisor& supervisor)
    : loop_(loop), supervisor_(supervisor), timer_(loop, [this] { look(); }) {}

void MemoryGuard::refresh() {
  const bool needed = std::ranges::any_of(
      supervisor_.apps(),
      [](const auto& app) { return app->spec.keep.max_memory > 0; });
  if (needed == running_) return;
  running_ = needed;
  if (needed)
    timer_.start(kLook, kLook);
  else
    timer_.stop();
}

void MemoryGuard::look() {
  if (looking_) return;  // the machine is slow: not two at a time
  std::vector<TreeRoot> roots;
  for (const auto& app : supervisor_.apps()) {
    const uint64_t limit = app->spec.keep.max_memory;
    if (limit == 0) continue;
    for (const auto& instance : app->instances)
      if (instance->state() == State::Online && instance->pid() > 0)
        roots.push_back({instance->life().id, instance->pid(),
                         supervisor_.tag_of(instance->life()), limit});
  }
  if (roots.empty()) return;
  looking_ = true;
  worker_.submit([this, alive = std::weak_ptr<int>(alive_), memory = memory_,
                  roots = std::move(roots), keeper = supervisor_.keeper(),
                  &loop = loop_] {
    auto passed = memory->look(roots, keeper);
    loop.post([this, alive, passed = std::move(passed)] {
      if (!alive.expired()) judge(passed);
    });
  });
}

void MemoryGuard::judge(const std::vector<TreeMemory::Passed>& passed) {
  looking_ = false;
  for (const auto& [id, pid, bytes] : passed) {
    const Instance* const instance = supervisor_.find(id);
    const App* const app = supervisor_.app_of(id);
    if (instance == nullptr || app == nullptr || instance->pid() != pid ||
        instance->state() != State::Online || !instance->wanted())
      continue;
    const uint64_t limit = app->spec.keep.max_memory;
    if (limit == 0 || bytes <= limit) continue;
    supervisor_.restart(
        {id}, false, {},
        {"lodge", "max_memory_restart",
         fmt::format("memory {}, over max_memory_restart {}",
                     base::format_size(bytes), base::exact_size(limit))},
        [](const Outcomes&) {});
  }
}

}  // namespace supervisor
