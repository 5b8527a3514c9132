#include "supervisor/processes.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "base/fs.h"
#include "supervisor/launch_plan.h"

namespace supervisor {
namespace {

template <class Number>
Number field_number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::optional<ProcessInfo> parse_stat(std::string_view text) {
  // "pid (comm) state ppid ...": comm may hold anything, spaces and brackets
  // too; the last ')' ends it.
  const auto close = text.rfind(')');
  if (close == text.npos || close + 2 >= text.size()) return std::nullopt;
  ProcessInfo info;
  info.pid = field_number<int>(text);
  std::vector<std::string_view> fields;
  std::string_view rest = text.substr(close + 2);
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    fields.push_back(rest.substr(0, space));
    if (space == rest.npos) break;
    rest.remove_prefix(space + 1);
  }
  // proc(5): state is field 3; here it has index 0.
  if (info.pid <= 0 || fields.size() < 22 || fields[0].empty())
    return std::nullopt;
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  info.state = fields[0][0];
  info.parent = field_number<int>(fields[1]);
  info.session = field_number<int>(fields[3]);
  info.cpu_ticks =
      field_number<uint64_t>(fields[11]) + field_number<uint64_t>(fields[12]);
  info.start_ticks = field_number<uint64_t>(fields[19]);
  info.memory_bytes = field_number<uint64_t>(fields[21]) * page;
  return info;
}

std::optional<ProcessInfo> read_process(int pid) {
  auto text =
      base::fs::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!text) return std::nullopt;
  return parse_stat(*text);
}

bool is_ours(int pid, int keeper) {
  const auto program = base::fs::read_link("/proc/self/exe");
  const auto its = base::fs::read_link("/proc/" + std::to_string(pid) + "/exe");
  if (program && its && *program == *its) return true;
  while (pid > 1 && pid != keeper) {
    const auto process = read_process(pid);
    pid = process ? process->parent : 0;
  }
  return pid > 1;
}

std::vector<ProcessInfo> read_processes() {
  std::vector<ProcessInfo> all;
  DIR* const dir = ::opendir("/proc");
  if (dir == nullptr) return all;
  while (const dirent* entry = ::readdir(dir)) {
    const int pid = field_number<int>(entry->d_name);
    if (pid <= 0) continue;
    if (auto info = read_process(pid)) all.push_back(*info);
  }
  ::closedir(dir);
  std::ranges::sort(all, {}, &ProcessInfo::pid);
  return all;
}

std::string read_variable(int pid, std::string_view variable) {
  auto text = base::fs::read_file("/proc/" + std::to_string(pid) + "/environ",
                                  size_t{4} << 20);
  if (!text) return {};
  const std::string wanted = std::string(variable) + "=";
  size_t at = 0;
  while (at < text->size()) {
    const auto end = std::min(text->find('\0', at), text->size());
    if (std::string_view(*text).substr(at).starts_with(wanted))
      return text->substr(at + wanted.size(), end - at - wanted.size());
    at = end + 1;
  }
  return {};
}

ProcessSnapshot::ProcessSnapshot(std::vector<ProcessInfo> all, ReadTag read_tag)
    : all_(std::move(all)), read_tag_(std::move(read_tag)) {
  for (const auto& process : all_) parents_[process.pid] = process.parent;
}

ProcessSnapshot ProcessSnapshot::take() {
  return {read_processes(),
          [](int pid) { return read_variable(pid, kTagVariable); }};
}

const std::string& ProcessSnapshot::tag(int pid) {
  const auto known = tags_.find(pid);
  if (known != tags_.end()) return known->second;
  return tags_[pid] = read_tag_(pid);
}

bool ProcessSnapshot::is_below(int pid, int ancestor) const {
  if (ancestor == 0) return true;
  for (size_t steps = 0; steps < all_.size(); ++steps) {
    const auto it = parents_.find(pid);
    if (it == parents_.end()) return false;
    if (it->second == ancestor) return true;
    pid = it->second;
  }
  return false;
}

std::vector<int> ProcessSnapshot::members(const Tree& tree) {
  // A number that was reaped and is there again is somebody else's, and so is
  // the session it leads.
  const bool reused = tree.root_ended && parents_.contains(tree.root);
  const int root = reused ? 0 : tree.root;
  std::unordered_set<int> members;
  for (const auto& process : all_) {
    if (!is_below(process.pid, tree.ancestor)) continue;
    const bool of_session =
        root > 0 && (process.pid == root || process.session == root);
    if (of_session || tag(process.pid).starts_with(tree.tag))
      members.insert(process.pid);
  }
  // Children may have lower pids than their parents: until nothing is added.
  for (size_t before = 0; before != members.size();) {
    before = members.size();
    for (const auto& process : all_)
      if (members.contains(process.parent)) members.insert(process.pid);
  }
  // Whoever started us may itself be an app of ours.
  members.erase(::getpid());
  members.erase(tree.ancestor);
  std::vector<int> result;
  for (const auto& process : all_)
    if (members.contains(process.pid) && process.state != 'Z' &&
        process.state != 'X')
      result.push_back(process.pid);
  return result;
}

}  // namespace supervisor
