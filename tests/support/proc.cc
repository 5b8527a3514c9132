#include "support/proc.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "base/fs.h"

namespace support {
namespace {

std::string proc(pid_t pid, std::string_view file) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(file);
}

// Empty when the process is gone.
std::string read_text(const std::string& path) {
  return base::fs::read_file(path).value_or("");
}

std::vector<std::string> split_nul(const std::string& text) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\0', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size())
      pids.push_back(pid);
  }
  return pids;
}

}  // namespace

std::string ProcessInfo::words() const {
  std::string text = std::to_string(pid);
  for (const auto& word : argv) text += " " + word;
  return text;
}

std::optional<ProcessInfo> process_info(pid_t pid) {
  const std::string stat = read_text(proc(pid, "stat"));
  // The name may hold spaces and parentheses: fields begin after the last ')'.
  const auto name_end = stat.rfind(')');
  if (name_end == stat.npos) return std::nullopt;
  ProcessInfo info;
  info.pid = pid;
  std::istringstream fields(stat.substr(name_end + 2));
  fields >> info.state >> info.parent >> info.group >> info.session;
  std::string skipped;
  for (int field = 7; field < 22; ++field) fields >> skipped;
  fields >> info.start_ticks;
  info.argv = split_nul(read_text(proc(pid, "cmdline")));
  std::error_code ignored;
  info.exe = std::filesystem::read_symlink(proc(pid, "exe"), ignored).string();
  return info;
}

bool is_running(pid_t pid) {
  const auto info = process_info(pid);
  return info && info->state != 'Z' && info->state != 'X';
}

std::vector<ProcessInfo> processes_with_env(std::string_view name,
                                            std::string_view value) {
  const std::string wanted = std::string(name) + "=" + std::string(value);
  std::vector<ProcessInfo> found;
  for (const pid_t pid : all_pids()) {
    if (pid == ::getpid()) continue;
    const auto variables = split_nul(read_text(proc(pid, "environ")));
    if (std::ranges::find(variables, wanted) == variables.end()) continue;
    auto info = process_info(pid);
    if (info && info->state != 'Z' && info->state != 'X')
      found.push_back(std::move(*info));
  }
  return found;
}

std::vector<ProcessInfo> descendants(pid_t pid) {
  std::vector<ProcessInfo> all;
  for (const pid_t other : all_pids())
    if (auto info = process_info(other)) all.push_back(std::move(*info));
  std::vector<ProcessInfo> found;
  std::vector<pid_t> parents = {pid};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (const auto& info : all) {
      if (info.parent != parent) continue;
      found.push_back(info);
      parents.push_back(info.pid);
    }
  }
  return found;
}

Memory memory_of(pid_t pid) {
  std::istringstream lines(read_text(proc(pid, "smaps_rollup")));
  Memory memory;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string key;
    uint64_t kib = 0;
    words >> key >> kib;
    if (key == "Rss:") memory.resident = kib * 1024;
    if (key == "Pss:") memory.proportional = kib * 1024;
  }
  return memory;
}

}  // namespace support
