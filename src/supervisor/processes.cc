#include "supervisor/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <unordered_map>
#include <unordered_set>

#include "base/fs.h"
#include "base/unique_fd.h"
#include "supervisor/launch_plan.h"

namespace supervisor {
namespace {

template <class Number>
Number field_number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

using Numbers = std::vector<std::pair<int, int>>;

auto numbers_of(const Numbers& numbers, int of) {
  return std::ranges::equal_range(numbers, of, {},
                                  &Numbers::value_type::first) |
         std::views::values;
}

// All below those of `open`, these themselves left out unless they are below.
void add_descendants(const Numbers& children, std::vector<int> open,
                     std::unordered_set<int>& found) {
  while (!open.empty()) {
    const int parent = open.back();
    open.pop_back();
    for (const int pid : numbers_of(children, parent))
      if (found.insert(pid).second) open.push_back(pid);
  }
}

}  // namespace

std::optional<ProcessInfo> parse_stat(std::string_view text) {
  // "pid (comm) state ppid ...": comm may hold anything, spaces and brackets
  // too; the last ')' ends it.
  const auto close = text.rfind(')');
  if (close == text.npos || close + 2 >= text.size()) return std::nullopt;
  ProcessInfo info;
  info.pid = field_number<int>(text);
  std::array<std::string_view, 22> fields;
  size_t count = 0;
  std::string_view rest = text.substr(close + 2);
  while (!rest.empty() && count < fields.size()) {
    const auto space = rest.find(' ');
    fields[count++] = rest.substr(0, space);
    if (space == rest.npos) break;
    rest.remove_prefix(space + 1);
  }
  // proc(5): state is field 3; here it has index 0.
  if (info.pid <= 0 || count < fields.size() || fields[0].empty())
    return std::nullopt;
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  info.state = fields[0][0];
  info.parent = field_number<int>(fields[1]);
  info.session = field_number<int>(fields[3]);
  info.cpu_ticks =
      field_number<uint64_t>(fields[11]) + field_number<uint64_t>(fields[12]);
  info.reaped_ticks =
      field_number<uint64_t>(fields[13]) + field_number<uint64_t>(fields[14]);
  info.start_ticks = field_number<uint64_t>(fields[19]);
  info.memory_bytes = field_number<uint64_t>(fields[21]) * page;
  return info;
}

// Hundreds are read every second, so without a detour.
std::optional<ProcessInfo> read_process(int pid) {
  char path[32];
  *fmt::format_to_n(path, sizeof path - 1, "/proc/{}/stat", pid).out = '\0';
  const base::UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  char text[1024];
  const ssize_t size = ::read(file.get(), text, sizeof text);
  if (size <= 0) return std::nullopt;
  return parse_stat({text, static_cast<size_t>(size)});
}

std::vector<int> list_processes() {
  std::vector<int> pids;
  DIR* const dir = ::opendir("/proc");
  if (dir == nullptr) return pids;
  while (const dirent* entry = ::readdir(dir))
    if (const int pid = field_number<int>(entry->d_name); pid > 0)
      pids.push_back(pid);
  ::closedir(dir);
  std::ranges::sort(pids);
  return pids;
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
  for (const int pid : list_processes())
    if (auto info = read_process(pid)) all.push_back(*info);
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
  for (size_t i = 0; i < all_.size(); ++i) {
    places_[all_[i].pid] = i;
    children_.emplace_back(all_[i].parent, all_[i].pid);
  }
  std::ranges::sort(children_);
}

ProcessSnapshot ProcessSnapshot::take(const ProcessSnapshot* earlier) {
  ProcessSnapshot snapshot(read_processes(), [](int pid) {
    return read_variable(pid, kTagVariable);
  });
  if (earlier == nullptr) return snapshot;
  for (const auto& [pid, tag] : earlier->tags_) {
    // One without may have been about to run its program.
    if (tag.empty()) continue;
    const auto then = earlier->places_.find(pid);
    const auto now = snapshot.places_.find(pid);
    if (then != earlier->places_.end() && now != snapshot.places_.end() &&
        earlier->all_[then->second].start_ticks ==
            snapshot.all_[now->second].start_ticks)
      snapshot.tags_.emplace(pid, tag);
  }
  return snapshot;
}

const std::string& ProcessSnapshot::tag(int pid) {
  const auto known = tags_.find(pid);
  if (known != tags_.end()) return known->second;
  return tags_[pid] = read_tag_(pid);
}

void ProcessSnapshot::look_below(int ancestor) {
  if (ancestor_ == ancestor) return;
  ancestor_ = ancestor;
  below_.clear();
  sessions_.clear();
  tagged_.clear();
  if (ancestor == 0) {
    for (const auto& process : all_) below_.insert(process.pid);
  } else {
    add_descendants(children_, {ancestor}, below_);
  }
  for (const auto& process : all_) {
    if (!below_.contains(process.pid)) continue;
    sessions_.emplace_back(process.session, process.pid);
    if (const auto& its = tag(process.pid); !its.empty())
      tagged_.emplace_back(its, process.pid);
  }
  std::ranges::sort(sessions_);
  std::ranges::sort(tagged_);
}

std::vector<int> ProcessSnapshot::members(const Tree& tree) {
  look_below(tree.ancestor);
  // A number that was reaped and is there again is somebody else's, and so is
  // the session it leads.
  const bool reused = tree.root_ended && places_.contains(tree.root);
  const int root = reused ? 0 : tree.root;
  std::vector<int> first;
  if (root > 0) {
    if (below_.contains(root)) first.push_back(root);
    for (const int pid : numbers_of(sessions_, root)) first.push_back(pid);
  }
  if (!tree.tag.empty())
    for (auto it = std::ranges::lower_bound(
             tagged_, tree.tag, {}, &std::pair<std::string, int>::first);
         it != tagged_.end() && it->first.starts_with(tree.tag); ++it)
      first.push_back(it->second);
  std::unordered_set<int> members(first.begin(), first.end());
  add_descendants(children_, std::move(first), members);
  // Whoever started us may itself be an app of ours.
  members.erase(::getpid());
  members.erase(tree.ancestor);
  std::vector<int> result;
  for (const int pid : members) {
    const char state = all_[places_.at(pid)].state;
    if (state != 'Z' && state != 'X') result.push_back(pid);
  }
  std::ranges::sort(result);
  return result;
}

bool is_member(int pid, const ProcessSnapshot::Tree& tree,
               const ReadProcess& read,
               const ProcessSnapshot::ReadTag& tag_of) {
  // Bounded: parents may change while we look.
  for (int steps = 0; steps < 64 && pid > 1; ++steps) {
    const auto process = read(pid);
    if (!process) return false;
    if (!tree.root_ended && tree.root != 0 &&
        (pid == tree.root || process->session == tree.root))
      return true;
    if (!tree.tag.empty() && tag_of(pid).starts_with(tree.tag)) return true;
    pid = process->parent;
  }
  return false;
}

bool is_member(int pid, const ProcessSnapshot::Tree& tree) {
  return is_member(pid, tree, read_process, [](int member) {
    return read_variable(member, kTagVariable);
  });
}

}  // namespace supervisor
