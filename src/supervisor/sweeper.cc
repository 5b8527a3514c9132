#include "supervisor/sweeper.h"

#include <signal.h>

#include "supervisor/launch_plan.h"

namespace supervisor {
namespace {

constexpr std::chrono::milliseconds kLook{20};
constexpr std::chrono::milliseconds kOrphanGrace{300};

void signal_all(const std::vector<int>& pids, int signal) {
  for (const int pid : pids) ::kill(pid, signal);
}

}  // namespace

Sweeper::Sweeper(base::EventLoop& loop, const base::Clock& clock, int ancestor)
    : clock_(clock), timer_(loop, [this] { tick(); }), ancestor_(ancestor) {}

uint64_t Sweeper::begin(Sweep sweep) {
  const uint64_t handle = next_++;
  Job job;
  job.root_ended = sweep.root == 0 || sweep.root_ended;
  job.begun = job.root_ended_at = clock_.mono();
  job.sweep = std::move(sweep);
  signal_all(members(job, read_processes()), job.sweep.signal);
  if (jobs_.empty()) timer_.start(std::chrono::milliseconds{1}, kLook);
  jobs_.emplace(handle, std::move(job));
  return handle;
}

void Sweeper::root_ended(uint64_t handle) {
  const auto it = jobs_.find(handle);
  if (it == jobs_.end()) return;
  it->second.root_ended = true;
  it->second.root_ended_at = clock_.mono();
  // Mostly the root was all there was: look at once.
  timer_.start(std::chrono::milliseconds{0}, kLook);
}

void Sweeper::cancel(uint64_t handle) {
  jobs_.erase(handle);
  if (jobs_.empty()) timer_.stop();
}

void Sweeper::tick() {
  const auto all = read_processes();
  std::vector<std::function<void()>> empty;
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    if (!visit(it->second, all)) {
      ++it;
      continue;
    }
    empty.push_back(std::move(it->second.sweep.on_empty));
    it = jobs_.erase(it);
  }
  if (jobs_.empty()) timer_.stop();
  // Last, for these may begin new sweeps.
  for (const auto& on_empty : empty)
    if (on_empty) on_empty();
}

// True when nobody is left.
bool Sweeper::visit(Job& job, const std::vector<ProcessInfo>& all) {
  const auto left = members(job, all);
  if (left.empty()) return job.root_ended;
  if (clock_.mono() - job.begun >= job.sweep.kill_after) {
    signal_all(left, SIGKILL);
    return false;
  }
  const bool orphaned =
      job.root_ended && clock_.mono() - job.root_ended_at >= kOrphanGrace;
  if (orphaned && !job.terminated) {
    job.terminated = true;
    signal_all(left, SIGTERM);
  }
  return false;
}

std::vector<int> Sweeper::members(const Job& job,
                                  const std::vector<ProcessInfo>& all) const {
  return find_tree(all, job.sweep.root, ancestor_, [&](int pid) {
    return environment_has(pid, kTagVariable, job.sweep.tag);
  });
}

}  // namespace supervisor
