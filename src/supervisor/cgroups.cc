#include "supervisor/cgroups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/fs.h"
#include "base/log.h"

namespace supervisor {
namespace {

constexpr std::array<std::string_view, 3> kWanted = {"memory", "cpu", "pids"};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string read(const std::string& dir, std::string_view file) {
  auto text = base::fs::read_file(base::fs::join(dir, file), 1 << 20);
  if (!text) return {};
  while (text->ends_with('\n')) text->pop_back();
  return *text;
}

// One write: the kernel takes it as one order.
base::Status write(const std::string& dir, std::string_view file,
                   std::string_view value) {
  const std::string path = base::fs::join(dir, file);
  auto fd = base::fs::open(path, O_WRONLY);
  if (!fd) return base::fail(std::move(fd.error()));
  auto written = base::fs::write_some(fd->get(), value, path);
  if (!written) return base::fail(std::move(written.error()));
  return {};
}

std::vector<int> pids_in(const std::string& dir) {
  std::vector<int> pids;
  for (const auto& line : split(read(dir, "cgroup.procs"), '\n')) {
    int pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

std::vector<std::string> groups_in(const std::string& dir) {
  std::vector<std::string> groups;
  auto names = base::fs::list_dir(dir);
  if (!names) return groups;
  for (const auto& name : *names) {
    const auto info = base::fs::link_stat(base::fs::join(dir, name));
    if (info && S_ISDIR(info->st_mode))
      groups.push_back(base::fs::join(dir, name));
  }
  return groups;
}

}  // namespace

std::string own_group_dir(std::string_view mountinfo, std::string_view cgroup) {
  std::string path;
  for (const auto& line : split(cgroup, '\n'))
    if (line.starts_with("0::/")) path = line.substr(3);
  if (path.empty()) return {};
  for (const auto& line : split(mountinfo, '\n')) {
    const auto dash = line.find(" - cgroup2 ");
    if (dash == line.npos) continue;
    // "36 32 0:31 ROOT MOUNTPOINT options ...": what of it is mounted, where.
    const auto fields = split(std::string_view(line).substr(0, dash), ' ');
    if (fields.size() < 5) continue;
    std::string_view below = path;
    if (fields[3] != "/") {
      if (!below.starts_with(fields[3])) continue;
      below.remove_prefix(fields[3].size());
    }
    while (below.starts_with('/')) below.remove_prefix(1);
    return below.empty() ? fields[4] : base::fs::join(fields[4], below);
  }
  return {};
}

std::string Cgroups::find_own_dir() {
  auto mounts = base::fs::read_file("/proc/self/mountinfo");
  auto groups = base::fs::read_file("/proc/self/cgroup");
  if (!mounts || !groups) return {};
  return own_group_dir(*mounts, *groups);
}

Cgroups::Cgroups(std::string own_dir, std::string_view home_id,
                 std::function<bool(int pid)> is_ours)
    : base_(std::move(own_dir)), is_ours_(std::move(is_ours)) {
  if (base_.empty()) {
    ready_ = Ready::No;
    return;
  }
  // An earlier daemon may have moved the keeper, and with it us.
  const std::string self = fmt::format("lodge-{}-self", home_id);
  if (base::fs::base_name(base_) == self) base_ = base::fs::dir_name(base_);
  self_ = base::fs::join(base_, self);
  home_ = base::fs::join(base_, fmt::format("lodge-{}", home_id));
}

const std::set<std::string>& Cgroups::controllers() {
  (void)prepare();
  return controllers_;
}

bool Cgroups::prepare() {
  if (ready_ != Ready::Unknown) return ready_ == Ready::Yes;
  ready_ = Ready::No;
  if (auto made = base::fs::make_dir(home_); !made) return false;
  ready_ = Ready::Yes;
  const auto available = split(read(base_, "cgroup.controllers"), ' ');
  const auto has = [](const std::vector<std::string>& all, auto name) {
    return std::ranges::count(all, name) > 0;
  };
  const bool any = std::ranges::any_of(
      kWanted, [&](auto name) { return has(available, name); });
  const auto enabled = split(read(base_, "cgroup.subtree_control"), ' ');
  const bool all_on = std::ranges::all_of(kWanted, [&](auto name) {
    return has(enabled, name) || !has(available, name);
  });
  // A group that hands controllers down may have no processes itself; only the
  // root, which has no type, may.
  const bool is_root = !base::fs::exists(base::fs::join(base_, "cgroup.type"));
  if (!any || (!all_on && !is_root && !move_out())) return true;
  for (const auto name : kWanted) {
    if (!has(available, name)) continue;
    const std::string order = fmt::format("+{}", name);
    if (!has(enabled, name) && !write(base_, "cgroup.subtree_control", order))
      continue;
    if (write(home_, "cgroup.subtree_control", order))
      controllers_.emplace(name);
  }
  return true;
}

// Keeper, daemon and the apps without limits go to a group beside those with.
// Of a group that has processes of others nothing is moved.
bool Cgroups::move_out() {
  const auto pids = pids_in(base_);
  if (!std::ranges::all_of(pids, is_ours_)) return false;
  if (!base::fs::make_dir(self_)) return false;
  for (const int pid : pids)
    if (auto moved = write(self_, "cgroup.procs", std::to_string(pid)); !moved)
      base::log::warn("{}", moved.error().message);
  return pids_in(base_).empty();
}

std::string Cgroups::path_of(int id, uint64_t generation) const {
  return base::fs::join(home_, fmt::format("{}.{}", id, generation));
}

base::Result<std::string> Cgroups::make(int id, uint64_t generation,
                                        const Settings& settings) {
  if (!prepare()) return std::string();
  const std::string dir = path_of(id, generation);
  if (auto made = base::fs::make_dir(dir); !made)
    return base::pass(std::move(made), "limits");
  for (const auto& [file, value] : settings) {
    auto written = write(dir, file, value);
    if (written) continue;
    remove(dir);
    return base::pass(std::move(written), "limits");
  }
  return dir;
}

std::string Cgroups::find(int id, uint64_t generation) const {
  if (home_.empty()) return {};
  std::string dir = path_of(id, generation);
  return base::fs::exists(dir) ? dir : std::string();
}

void Cgroups::tidy(int id, uint64_t generation) const {
  if (home_.empty()) return;
  const std::string prefix = fmt::format("{}.", id);
  for (const auto& dir : groups_in(home_)) {
    const auto name = base::fs::base_name(dir);
    if (!name.starts_with(prefix)) continue;
    uint64_t number = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(),
                    number);
    if (number < generation) remove(dir);
  }
}

void Cgroups::tidy_all() const {
  if (home_.empty()) return;
  for (const auto& dir : groups_in(home_)) remove(dir);
  (void)base::fs::remove_dir(home_);
}

std::vector<int> Cgroups::members(const std::string& dir) {
  auto pids = pids_in(dir);
  for (const auto& inner : groups_in(dir))
    std::ranges::copy(members(inner), std::back_inserter(pids));
  return pids;
}

void Cgroups::kill(const std::string& dir) {
  // Kernels before 5.14 have none: the sweep kills by number then.
  (void)write(dir, "cgroup.kill", "1");
}

void Cgroups::remove(const std::string& dir) {
  for (const auto& inner : groups_in(dir)) remove(inner);
  (void)base::fs::remove_dir(dir);
}

}  // namespace supervisor
