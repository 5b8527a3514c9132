#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "base/fs.h"
#include "base/units.h"
#include "cli/doctor.h"

namespace cli {
namespace {

namespace fs = base::fs;
using State = Finding::State;

// For each instance: ends of its pipes, twice, its process, its two files.
constexpr uint64_t kFilesEach = 9;
constexpr uint64_t kFilesBeside = 64;
constexpr uint64_t kPipePagesEach = 3 * 16;
constexpr uint64_t kLeastWatches = 8192;
constexpr uint64_t kLeastInstances = 128;

std::optional<uint64_t> number_in(const std::string& path) {
  auto text = fs::read_file(path, 4096);
  if (!text) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

struct OpenFiles {
  uint64_t limit = 0;
  uint64_t open = 0;  // 0 = not known
};

OpenFiles open_files(int daemon) {
  OpenFiles files;
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  files.limit = own.rlim_max;  // the daemon raises its own to that
  if (daemon == 0) return files;
  const auto proc = fmt::format("/proc/{}", daemon);
  if (const auto names = fs::list_dir(proc + "/fd")) files.open = names->size();
  const auto text = fs::read_file(proc + "/limits", 1 << 16);
  constexpr std::string_view kRow = "Max open files";
  const auto at = text ? text->find(kRow) : std::string::npos;
  if (at == std::string::npos) return files;
  const auto digits = text->find_first_not_of(' ', at + kRow.size());
  if (digits != std::string::npos)
    std::from_chars(text->data() + digits, text->data() + text->size(),
                    files.limit);
  return files;
}

Finding sysctl(std::string_view name, uint64_t least, uint64_t better) {
  std::string path = "/proc/sys/" + std::string(name);
  for (char& c : path)
    if (c == '.') c = '/';
  const auto value = number_in(path);
  if (!value)
    return {State::Note, "inotify", fmt::format("{}: not told", name), ""};
  if (*value >= least)
    return {State::Ok, "inotify", fmt::format("{} = {}", name, *value), ""};
  return {State::Bad, "inotify",
          fmt::format("{} = {}, watching may need {}", name, *value, least),
          fmt::format("sysctl -w {}={}", name, better)};
}

// Where this process is in the unified hierarchy; empty: in none.
std::string own_cgroup() {
  auto text = fs::read_file("/proc/self/cgroup", 1 << 16);
  const auto at = text ? text->find("0::") : std::string::npos;
  if (at == std::string::npos) return {};
  const auto end = std::min(text->find('\n', at), text->size());
  const auto dir = "/sys/fs/cgroup" + text->substr(at + 3, end - at - 3);
  return fs::exists(fs::join(dir, "cgroup.procs")) ? dir : "";
}

Finding look_at_cgroup() {
  const auto dir = own_cgroup();
  if (dir.empty())
    return {State::Note, "cgroup",
            "no unified hierarchy (v2): limits are those of processes", ""};
  if (::access(dir.c_str(), W_OK) == 0 &&
      ::access(fs::join(dir, "cgroup.procs").c_str(), W_OK) == 0)
    return {State::Ok, "cgroup", dir + " can be written", ""};
  return {State::Note, "cgroup",
          dir + " can't be written: limits are those of processes",
          "a unit with Delegate=yes: lodge startup"};
}

// Units and scripts of ours; which of them is this home's they say themselves.
std::vector<std::string> boot_files() {
  std::vector<std::string> places = {"/etc/systemd/system", "/etc/init.d"};
  if (const char* home = std::getenv("HOME"))
    places.push_back(std::string(home) + "/.config/systemd/user");
  std::vector<std::string> found;
  for (const auto& place : places)
    if (const auto names = fs::list_dir(place))
      for (const auto& name : *names)
        if (name.starts_with("lodge") && !name.ends_with(".wants"))
          found.push_back(fs::join(place, name));
  return found;
}

Finding look_at_boot(const base::Home& home) {
  for (const auto& path : boot_files()) {
    const auto text = fs::read_file(path, 1 << 16);
    if (text && text->find(home.root()) != std::string::npos)
      return {State::Ok, "boot", path, ""};
  }
  return {State::Note, "boot", "apps will not come back at boot",
          "lodge startup"};
}

}  // namespace

Findings look_at_limits(size_t instances, int daemon) {
  Findings findings;
  const uint64_t needed = kFilesBeside + kFilesEach * instances;
  const auto files = open_files(daemon);
  const bool few = files.limit < needed;
  findings.push_back(
      {few ? State::Bad : State::Ok, "open files",
       fmt::format("{}{} allowed, {} instances may need {}",
                   files.open > 0 ? fmt::format("{} open, ", files.open) : "",
                   files.limit, instances, needed),
       few ? "ulimit -n 65536 before lodge start, or LimitNOFILE=65536 in its "
             "unit; then lodge kill and lodge start"
           : ""});
  const auto pages = number_in("/proc/sys/fs/pipe-user-pages-soft");
  const uint64_t wanted = kPipePagesEach * instances;
  // Root's pipes are not counted.
  if (pages && *pages > 0 && ::geteuid() != 0) {
    const bool short_of = *pages < wanted;
    findings.push_back(
        {short_of ? State::Bad : State::Ok, "pipes",
         fmt::format("fs.pipe-user-pages-soft = {}, {} instances need {}",
                     *pages, instances, wanted),
         short_of ? fmt::format("sysctl -w fs.pipe-user-pages-soft={}",
                                std::max<uint64_t>(wanted * 2, 65536))
                  : ""});
  }
  findings.push_back(
      sysctl("fs.inotify.max_user_watches", kLeastWatches, 524288));
  findings.push_back(
      sysctl("fs.inotify.max_user_instances", kLeastInstances, 1024));
  return findings;
}

Findings look_at_system(const base::Home& home) {
  Findings findings = {look_at_cgroup(), look_at_boot(home)};
  if (!fs::exists("/dev/shm"))
    findings.push_back({State::Note, "spool",
                        "no /dev/shm: kill -9 of daemon and keeper together "
                        "would lose lines under way",
                        "mount a tmpfs there"});
  return findings;
}

}  // namespace cli
