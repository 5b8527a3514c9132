#include "supervisor/sweeper.h"

#include <signal.h>

#include <algorithm>
#include <vector>

#include "supervisor/cgroups.h"

namespace supervisor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};
constexpr milliseconds kSecondLook{2};
constexpr milliseconds kOrphanGrace{300};

void signal_all(const std::vector<int>& pids, int signal) {
  for (const int pid : pids) ::kill(pid, signal);
}

// Of those that wait for their parent nothing is left to be ended.
bool is_zombie(int pid) {
  const auto process = read_process(pid);
  return !process || process->state == 'Z' || process->state == 'X';
}

}  // namespace

Sweeper::Sweeper(base::EventLoop& loop, const base::Clock& clock)
    : clock_(clock), timer_(loop, [this] { tick(); }) {}

uint64_t Sweeper::begin(Sweep sweep) {
  Job job;
  job.begun = job.root_ended_at = clock_.mono();
  job.sweep = std::move(sweep);
  if (job.sweep.root == 0) job.sweep.root_ended = true;
  jobs_.emplace(next_, std::move(job));
  timer_.start(milliseconds{0});
  return next_++;
}

void Sweeper::root_ended(uint64_t handle) {
  const auto it = jobs_.find(handle);
  if (it == jobs_.end()) return;
  it->second.sweep.root_ended = true;
  it->second.root_ended_at = clock_.mono();
  // Mostly the root was all there was: look at once.
  timer_.start(milliseconds{0});
}

void Sweeper::cancel(uint64_t handle) {
  jobs_.erase(handle);
}

void Sweeper::tick() {
  if (jobs_.empty()) return;
  const auto began = clock_.mono();
  auto snapshot = ProcessSnapshot::take(last_ ? &*last_ : nullptr);
  std::vector<std::function<void()>> empty;
  bool look_again = false;
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    if (!visit(it->second, snapshot)) {
      look_again = look_again || it->second.seen_empty;
      ++it;
      continue;
    }
    empty.push_back(std::move(it->second.sweep.on_empty));
    it = jobs_.erase(it);
  }
  if (jobs_.empty()) {
    last_.reset();
  } else {
    const auto took = std::chrono::ceil<milliseconds>(clock_.mono() - began);
    timer_.start(std::max(look_again ? kSecondLook : kLook, 2 * took));
    last_.emplace(std::move(snapshot));
  }
  // Last, for these may begin new sweeps.
  for (const auto& on_empty : empty)
    if (on_empty) on_empty();
}

std::vector<int> Sweeper::members(const Sweep& sweep,
                                  ProcessSnapshot& snapshot) const {
  if (!sweep.root_alone) {
    auto members =
        snapshot.members({sweep.root, sweep.root_ended, sweep.tag, ancestor_});
    if (sweep.group.empty()) return members;
    // Who left the tree without a trace is still in the group.
    for (const int pid : Cgroups::members(sweep.group))
      if (std::ranges::count(members, pid) == 0 && !is_zombie(pid))
        members.push_back(pid);
    return members;
  }
  // Its number stays its own until it has been reaped.
  if (sweep.root_ended || sweep.root <= 0) return {};
  return {sweep.root};
}

// True when nobody is left.
bool Sweeper::visit(Job& job, ProcessSnapshot& snapshot) {
  const auto left = members(job.sweep, snapshot);
  if (left.empty() && job.sweep.root_ended) {
    // A look at /proc takes its time: who forked meanwhile may be missed once.
    if (!std::exchange(job.seen_empty, true)) return false;
    if (!job.sweep.group.empty()) Cgroups::remove(job.sweep.group);
    return true;
  }
  job.seen_empty = false;
  const auto now = clock_.mono();
  if (!job.signalled) {
    job.signalled = true;
    signal_all(left, job.sweep.signal);
  } else if (now - job.begun >= job.sweep.kill_after) {
    if (!job.sweep.group.empty() && !job.sweep.root_alone)
      Cgroups::kill(job.sweep.group);
    signal_all(left, SIGKILL);
  } else if (job.sweep.root_ended && !job.terminated &&
             now - job.root_ended_at >= kOrphanGrace) {
    job.terminated = true;
    signal_all(left, SIGTERM);
  }
  return false;
}

}  // namespace supervisor
