#include "supervisor/tree_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/fs.h"
#include "supervisor/launch_plan.h"

namespace supervisor {
namespace {

// To find all members may take so much of one processor.
constexpr int kShareOfTime = 500;  // one part of
constexpr std::chrono::milliseconds kShortest{900};
constexpr std::chrono::seconds kLongest{5};

// What this thread has used: on a busy machine the clock says much more.
std::chrono::nanoseconds used() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::nanoseconds(time.tv_nsec);
}

// Changes whenever a process or thread is made anywhere.
std::string newest_process() {
  auto text = base::fs::read_file("/proc/loadavg", 256);
  return text ? text->substr(text->rfind(' ') + 1) : std::string();
}

// A third as dear as all of stat: hundreds of these are read each second.
uint64_t resident_size(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  auto fd = base::fs::open(path, O_RDONLY);
  if (!fd) return 0;
  char text[128];
  auto n = base::fs::read(fd->get(), text, path);
  if (!n) return 0;
  const std::string_view all(text, *n);
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto second = all.find(' ') + 1;
  uint64_t pages = 0;
  std::from_chars(text + second, text + *n, pages);
  return pages * page;
}

// What is shared is counted in parts; 0 when it can't be told.
uint64_t proportional_size(int pid) {
  auto text = base::fs::read_file(
      "/proc/" + std::to_string(pid) + "/smaps_rollup", 16384);
  if (!text) return 0;
  constexpr std::string_view kField = "\nPss:";
  auto at = text->find(kField);
  if (at == text->npos) return 0;
  at = text->find_first_not_of(" \t", at + kField.size());
  if (at == text->npos) return 0;
  uint64_t kib = 0;
  std::from_chars(text->data() + at, text->data() + text->size(), kib);
  return kib * 1024;
}

}  // namespace

std::map<int, std::vector<ProcessInfo>> processes_by_root(
    const std::vector<ProcessInfo>& all, std::span<const TreeRoot> roots,
    int adopter, const std::function<std::string(const ProcessInfo&)>& tag_of) {
  constexpr int kNobody = -1;
  std::unordered_map<int, const ProcessInfo*> by_pid;
  for (const auto& process : all) by_pid.emplace(process.pid, &process);
  std::unordered_map<int, int> owner;  // pid to id of the root
  for (const auto& root : roots) owner.emplace(root.pid, root.id);
  const auto own = [&](const ProcessInfo& process) {
    if (const auto root = owner.find(process.session);
        root != owner.end() && root->second != kNobody)
      return root->second;
    if (process.parent != 1 && process.parent != adopter) return kNobody;
    const std::string tag = tag_of(process);
    if (tag.empty()) return kNobody;
    for (const auto& root : roots)
      if (tag.starts_with(root.tag)) return root.id;
    return kNobody;
  };
  std::map<int, std::vector<ProcessInfo>> members;
  std::vector<int> path;
  for (const auto& process : all) {
    // Up to the first of whom it is known whose he is, and down again.
    path.clear();
    int found = kNobody;
    for (const ProcessInfo* at = &process; at != nullptr;) {
      if (const auto known = owner.find(at->pid); known != owner.end()) {
        found = known->second;
        break;
      }
      path.push_back(at->pid);
      found = own(*at);
      if (found != kNobody || path.size() > all.size()) break;
      const auto parent = by_pid.find(at->parent);
      at = parent != by_pid.end() ? parent->second : nullptr;
    }
    for (const int pid : path) owner.emplace(pid, found);
    if (found != kNobody) members[found].push_back(process);
  }
  return members;
}

void TreeMemory::find_members(std::span<const TreeRoot> roots, int adopter) {
  const auto before = used();
  newest_ = newest_process();
  const auto all = read_processes();
  std::unordered_map<int, Tag> seen;
  members_ = processes_by_root(all, roots, adopter, [&](const auto& process) {
    const auto known = tags_.find(process.pid);
    const bool same = known != tags_.end() &&
                      known->second.start_ticks == process.start_ticks;
    Tag tag{
        process.start_ticks,
        same ? known->second.text : read_variable(process.pid, kTagVariable)};
    return seen.insert_or_assign(process.pid, std::move(tag))
        .first->second.text;
  });
  tags_ = std::move(seen);
  looked_for_.clear();
  for (const auto& root : roots) looked_for_[root.id] = root.pid;
  next_find_ = Steady::now() +
               std::clamp<Steady::duration>((used() - before) * kShareOfTime,
                                            kShortest, kLongest);
}

std::vector<TreeMemory::Passed> TreeMemory::look(
    std::span<const TreeRoot> roots, int adopter) {
  const bool all_known = std::ranges::all_of(roots, [&](const auto& root) {
    const auto known = looked_for_.find(root.id);
    return known != looked_for_.end() && known->second == root.pid;
  });
  const bool fresh = !all_known || (Steady::now() >= next_find_ &&
                                    newest_process() != newest_);
  if (fresh) find_members(roots, adopter);
  std::vector<Passed> passed;
  for (const auto& root : roots) {
    uint64_t bytes = 0;
    if (fresh)
      for (const auto& process : members_[root.id])
        bytes += process.memory_bytes;
    else
      bytes = resident(root.id);
    if (bytes <= root.limit) continue;
    if (!fresh) {
      drop_strangers(root.id);
      bytes = resident(root.id);
    }
    // The pages that forked children share were counted for each of them.
    if (members_[root.id].size() > 1)
      if (const uint64_t exact = proportional(root.id); exact != 0)
        bytes = exact;
    if (bytes > root.limit) passed.push_back({root.id, root.pid, bytes});
  }
  return passed;
}

uint64_t TreeMemory::resident(int id) {
  uint64_t bytes = 0;
  for (const auto& member : members_[id]) bytes += resident_size(member.pid);
  return bytes;
}

// Numbers that were given anew since.
void TreeMemory::drop_strangers(int id) {
  std::erase_if(members_[id], [](const ProcessInfo& member) {
    const auto now = read_process(member.pid);
    return !now || now->start_ticks != member.start_ticks;
  });
}

// 0 when it can't be told of one of them.
uint64_t TreeMemory::proportional(int id) const {
  uint64_t bytes = 0;
  for (const auto& member : members_.at(id)) {
    if (member.state == 'Z') continue;
    const uint64_t one = proportional_size(member.pid);
    if (one == 0 && read_process(member.pid)) return 0;
    bytes += one;
  }
  return bytes;
}

}  // namespace supervisor
