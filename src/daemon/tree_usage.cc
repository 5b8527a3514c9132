#include "daemon/tree_usage.h"

#include <unistd.h>

namespace daemon_ {

std::map<int, TreeUsage> TreeTally::take(
    const std::vector<supervisor::ProcessInfo>& all,
    const std::vector<TreeRoot>& roots,
    const std::unordered_map<int, std::string>& strays, base::MonoTime now) {
  static const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::map<int, TreeUsage> usages;
  std::unordered_map<int, TreeUsage*> owners;  // by pid
  std::unordered_map<std::string_view, TreeUsage*> by_tag;
  for (const auto& root : roots) {
    TreeUsage& usage = usages[root.id];
    usage.pid = root.pid;
    usage.at = now;
    owners[root.pid] = &usage;
    if (!root.tag.empty()) by_tag[root.tag] = &usage;
  }
  const auto heads = owners;
  for (const auto& process : all) {
    if (owners.contains(process.pid)) continue;
    const auto session = heads.find(process.session);
    if (session != heads.end()) {
      owners[process.pid] = session->second;
      continue;
    }
    const auto stray = strays.find(process.pid);
    if (stray == strays.end()) continue;
    const auto tagged = by_tag.find(stray->second);
    if (tagged != by_tag.end()) owners[process.pid] = tagged->second;
  }
  // A child may have a lower number than its parent: until nothing is added.
  for (size_t known = 0; known != owners.size();) {
    known = owners.size();
    for (const auto& process : all) {
      const auto parent = owners.find(process.parent);
      if (parent != owners.end() && !owners.contains(process.pid))
        owners[process.pid] = parent->second;
    }
  }
  const std::chrono::duration<double> passed = now - before_;
  std::unordered_map<int, Ticks> ticks;
  for (const auto& process : all) {
    const auto owner = owners.find(process.pid);
    if (owner == owners.end() || process.state == 'Z' || process.state == 'X')
      continue;
    TreeUsage& usage = *owner->second;
    usage.memory_bytes += process.memory_bytes;
    ++usage.processes;
    ticks[process.pid] = {process.start_ticks, process.cpu_ticks};
    const auto before = ticks_.find(process.pid);
    const bool known =
        before != ticks_.end() && before->second.start == process.start_ticks;
    // What it used before we first saw it belongs to no look of ours.
    if (known && passed.count() > 0 && process.cpu_ticks > before->second.cpu)
      usage.cpu_percent +=
          100.0 * static_cast<double>(process.cpu_ticks - before->second.cpu) /
          per_second / passed.count();
  }
  ticks_ = std::move(ticks);
  before_ = now;
  return usages;
}

}  // namespace daemon_
