#include "supervisor/processes.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "base/fs.h"

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

std::vector<int> find_tree(const std::vector<ProcessInfo>& all, int root,
                           int ancestor,
                           const std::function<bool(int pid)>& has_tag) {
  std::unordered_map<int, int> parent_of;
  for (const auto& process : all) parent_of[process.pid] = process.parent;
  const auto below_ancestor = [&](int pid) {
    if (ancestor == 0) return true;
    for (int steps = 0; steps < 1000; ++steps) {
      const auto it = parent_of.find(pid);
      if (it == parent_of.end()) return false;
      if (it->second == ancestor) return true;
      pid = it->second;
    }
    return false;
  };
  std::unordered_set<int> members;
  for (const auto& process : all) {
    // Below the keeper only: a session's number may be reused once it is empty.
    if (!below_ancestor(process.pid)) continue;
    if (process.pid == root || (root > 0 && process.session == root) ||
        has_tag(process.pid))
      members.insert(process.pid);
  }
  // Children may have lower pids than their parents: until nothing is added.
  for (size_t before = 0; before != members.size();) {
    before = members.size();
    for (const auto& process : all)
      if (members.contains(process.parent)) members.insert(process.pid);
  }
  std::vector<int> result;
  for (const auto& process : all)
    if (members.contains(process.pid) && process.state != 'Z' &&
        process.state != 'X')
      result.push_back(process.pid);
  return result;
}

bool environment_has(int pid, std::string_view variable,
                     std::string_view prefix) {
  auto text = base::fs::read_file("/proc/" + std::to_string(pid) + "/environ",
                                  size_t{4} << 20);
  if (!text) return false;
  const std::string wanted = std::string(variable) + "=" + std::string(prefix);
  if (text->starts_with(wanted)) return true;
  return text->find(std::string(1, '\0') + wanted) != text->npos;
}

}  // namespace supervisor
