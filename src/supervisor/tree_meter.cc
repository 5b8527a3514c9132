#include "supervisor/tree_meter.h"

#include <unistd.h>

#include <algorithm>

namespace supervisor {
namespace {

double percent_of(uint64_t ticks, std::chrono::duration<double> time) {
  static const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (time.count() <= 0) return 0;
  return 100.0 * static_cast<double>(ticks) / per_second / time.count();
}

}  // namespace

void TreeMeter::look(
    const std::vector<Root>& roots, int keeper, base::MonoTime now,
    const std::function<std::chrono::milliseconds(int)>& uptime) {
  ++look_;
  roots_.clear();
  for (const auto& root : roots) roots_[root.pid] = root.id;
  std::vector<int> fresh;
  for (const int pid : source_.pids()) {
    auto [it, is_new] = known_.try_emplace(pid);
    Known& known = it->second;
    // What is nobody's stays so, unless its number goes and comes again.
    const bool skipped = known.owner == kNobody && known.seen + 1 == look_ &&
                         !roots_.contains(pid);
    known.seen = look_;
    if (skipped) continue;
    const auto info = source_.read(pid);
    if (!info) {
      known.seen = 0;  // gone meanwhile
      continue;
    }
    if (is_new || info->start_ticks != known.start_ticks ||
        roots_.contains(pid) || known.owner == kNobody) {
      known.owner = kUndecided;
      fresh.push_back(pid);
    }
    known.start_ticks = info->start_ticks;
    known.info = *info;
  }
  std::erase_if(known_, [&](const auto& it) { return it.second.seen != look_; });
  classify(std::move(fresh), keeper);

  struct Sum {
    uint64_t ticks = 0;
    uint64_t memory = 0;
    int processes = 0;
  };
  std::unordered_map<int, Sum> sums;
  for (const auto& [pid, known] : known_) {
    if (known.owner < 0) continue;
    Sum& sum = sums[known.owner];
    // With those that were waited for, the time of a child that ends moves to
    // its parent and is not missed.
    sum.ticks += known.info.cpu_ticks + known.info.reaped_ticks;
    sum.memory += known.info.memory_bytes;
    ++sum.processes;
  }
  const std::chrono::duration<double> since = now - looked_;
  for (const auto& root : roots) {
    Tree& tree = trees_[root.id];
    tree.seen = look_;
    const Sum sum = sums[root.id];
    if (tree.pid != root.pid)
      tree.use.cpu_percent = percent_of(sum.ticks, uptime(root.id));
    else
      tree.use.cpu_percent =
          percent_of(sum.ticks - std::min(sum.ticks, tree.ticks), since);
    tree.pid = root.pid;
    tree.ticks = sum.ticks;
    tree.use.memory_bytes = sum.memory;
    tree.use.processes = sum.processes;
  }
  std::erase_if(trees_, [&](const auto& it) { return it.second.seen != look_; });
  looked_ = now;
}

// Parents may have higher numbers than their children: until nothing is left
// that waits for another.
void TreeMeter::classify(std::vector<int> fresh, int keeper) {
  for (size_t before = 0; before != fresh.size();) {
    before = fresh.size();
    std::erase_if(fresh, [&](int pid) {
      Known& known = known_.at(pid);
      known.owner = owner_of(known.info, keeper);
      return known.owner != kUndecided;
    });
  }
  for (const int pid : fresh) known_.at(pid).owner = kNobody;
}

int TreeMeter::owner_of(const ProcessInfo& info, int keeper) {
  if (const auto it = roots_.find(info.pid); it != roots_.end())
    return it->second;
  if (const auto it = roots_.find(info.session); it != roots_.end())
    return it->second;
  const auto parent = known_.find(info.parent);
  // Adopted: whose it is only its environment knows.
  const bool orphan = parent == known_.end() ||
                      (keeper != 0 && info.parent == keeper) ||
                      (keeper == 0 && info.parent == 1);
  if (orphan) return source_.marked(info.pid);
  return parent->second.owner;
}

const TreeMeter::Use* TreeMeter::of(int id, int pid) const {
  const auto it = trees_.find(id);
  return it != trees_.end() && it->second.pid == pid ? &it->second.use
                                                     : nullptr;
}

}  // namespace supervisor
