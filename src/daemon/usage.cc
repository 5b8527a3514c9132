#include "daemon/usage.h"

#include <charconv>

#include "supervisor/launch_plan.h"
#include "supervisor/processes.h"

namespace daemon_ {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPeriod{1000};
// With more than so many roots half as often: looking is not to be what a
// machine does.
constexpr size_t kMany = 250;
// Between two looks because somebody asked.
constexpr milliseconds kShortest{250};

// "HOME:ID:GENERATION." in the environment of all that an instance started.
int marked_id(const std::string& tag, const std::string& home_id) {
  if (!tag.starts_with(home_id + ":")) return -1;
  int id = -1;
  std::from_chars(tag.data() + home_id.size() + 1, tag.data() + tag.size(), id);
  return id;
}

}  // namespace

Usage::Usage(base::EventLoop& loop, const base::Clock& clock,
             const supervisor::Supervisor& supervisor, std::string home_id,
             std::function<int()> keeper)
    : clock_(clock),
      supervisor_(supervisor),
      keeper_(std::move(keeper)),
      meter_({.pids = supervisor::list_processes,
              .read = supervisor::read_process,
              .marked =
                  [home_id = std::move(home_id)](int pid) {
                    return marked_id(supervisor::read_variable(
                                         pid, supervisor::kTagVariable),
                                     home_id);
                  }}),
      timer_(loop, [this] { look(); }) {}

void Usage::begin() {
  timer_.start(kPeriod);
}

supervisor::TreeMeter::Use Usage::of(const supervisor::Instance& instance) {
  if (instance.pid() == 0) return {};
  const int id = instance.life().id;
  const auto* use = meter_.of(id, instance.pid());
  if (use == nullptr && clock_.mono() - looked_ >= kShortest) {
    look();
    use = meter_.of(id, instance.pid());
  }
  if (use != nullptr) return *use;
  // Born since: what its first process says is near enough.
  supervisor::TreeMeter::Use first;
  if (const auto process = supervisor::read_process(instance.pid())) {
    first.memory_bytes = process->memory_bytes;
    first.processes = 1;
  }
  return first;
}

void Usage::look() {
  std::vector<supervisor::TreeMeter::Root> roots;
  std::unordered_map<int, milliseconds> uptimes;
  for (const auto& app : supervisor_.apps())
    for (const auto& instance : app->instances) {
      if (instance->pid() == 0) continue;
      roots.push_back({instance->life().id, instance->pid()});
      uptimes[instance->life().id] = instance->uptime();
    }
  looked_ = clock_.mono();
  timer_.start(roots.size() > kMany ? 2 * kPeriod : kPeriod);
  // Nothing runs: nothing to see.
  if (roots.empty()) return;
  meter_.look(roots, keeper_(), looked_,
              [&](int id) { return uptimes.at(id); });
}

}  // namespace daemon_
