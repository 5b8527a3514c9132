#include <fmt/format.h>
#include <pwd.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/settings.h"
#include "base/units.h"
#include "cli/doctor.h"

namespace cli {
namespace {

namespace fs = base::fs;
using State = Finding::State;

constexpr int kDeepest = 8;
constexpr double kLeastFree = 0.05;  // what retention leaves of a file system

std::string user_name(uid_t uid) {
  const passwd* user = ::getpwuid(uid);
  return user != nullptr ? user->pw_name : std::to_string(uid);
}

void walk(const std::string& path, int depth, std::vector<WrongMode>& wrong) {
  const auto info = fs::link_stat(path);
  if (!info || S_ISLNK(info->st_mode) || depth > kDeepest) return;
  const bool is_dir = S_ISDIR(info->st_mode);
  const mode_t mode = info->st_mode & 07777;
  // A socket's own mode says nothing: its directory and its owner do.
  if (!S_ISSOCK(info->st_mode) && (mode & 077) != 0)
    wrong.push_back({path, mode, static_cast<mode_t>(is_dir ? 0700 : 0600)});
  if (!is_dir) return;
  const auto names = fs::list_dir(path);
  if (!names) return;
  for (const auto& name : *names) walk(fs::join(path, name), depth + 1, wrong);
}

struct FileSystem {
  unsigned long magic;
  std::string_view name;
  std::string_view trouble;  // empty = none
};
constexpr std::string_view kNetwork =
    "over a network locks and notices of changes are not to be relied on";
constexpr std::string_view kMemory = "it is memory, and empty after a reboot";
constexpr auto kFileSystems = std::to_array<FileSystem>({
    {0xEF53, "ext4", ""},
    {0x58465342, "xfs", ""},
    {0x9123683E, "btrfs", ""},
    {0x2FC12FC1, "zfs", ""},
    {0x794C7630, "overlay", "a container's own layer, gone with it"},
    {0x01021994, "tmpfs", kMemory},
    {0x858458F6, "ramfs", kMemory},
    {0x6969, "nfs", kNetwork},
    {0xFF534D42, "cifs", kNetwork},
    {0xFE534D42, "smb2", kNetwork},
    {0x01021997, "9p", kNetwork},
    {0x65735546, "fuse", "what is behind it may not keep the order of writes"},
    {0xF2F52010, "f2fs", ""},
});

}  // namespace

std::string_view state_name(Finding::State state) {
  switch (state) {
    case State::Ok:
      return "ok";
    case State::Note:
      return "note";
    case State::Bad:
      return "bad";
  }
  return {};
}

std::vector<WrongMode> wrong_modes(const base::Home& home) {
  std::vector<WrongMode> wrong;
  walk(home.root(), 0, wrong);
  return wrong;
}

Findings look_at_home(const base::Home& home) {
  const auto info = fs::stat(home.root());
  if (!info)
    return {{State::Note, "home", home.root() + ": not there yet",
             "the first lodge start makes it"}};
  Findings findings;
  const bool ours = info->st_uid == ::geteuid();
  findings.push_back(
      {ours || ::geteuid() == 0 ? State::Ok : State::Bad, "home",
       fmt::format("{}, of {}", home.root(), user_name(info->st_uid)),
       ours ? ""
            : fmt::format("sudo -u {} lodge ...", user_name(info->st_uid))});
  const auto wrong = wrong_modes(home);
  if (wrong.empty()) {
    findings.push_back(
        {State::Ok, "modes", "nobody else can look into it", ""});
    return findings;
  }
  constexpr size_t kMostShown = 3;
  std::string says = fmt::format("{} {} open to others:", wrong.size(),
                                 wrong.size() == 1 ? "path is" : "paths are");
  for (size_t i = 0; i < std::min(wrong.size(), kMostShown); ++i)
    says += fmt::format(" {} ({:04o})", wrong[i].path, wrong[i].mode);
  if (wrong.size() > kMostShown) says += " ...";
  findings.push_back({State::Bad, "modes", std::move(says),
                      "lodge doctor --fix, or chmod -R go= " + home.root()});
  return findings;
}

Findings look_at_disk(const base::Home& home) {
  Findings findings;
  const std::string place =
      fs::exists(home.logs()) ? home.logs() : fs::dir_name(home.root());
  struct ::statfs kind{};
  struct ::statvfs space{};
  if (::statfs(place.c_str(), &kind) != 0 ||
      ::statvfs(place.c_str(), &space) != 0)
    return {{State::Bad, "disk", place + ": can't be looked at", ""}};
  const auto magic = static_cast<unsigned long>(kind.f_type) & 0xFFFFFFFFul;
  const auto known = std::ranges::find(kFileSystems, magic, &FileSystem::magic);
  const auto total = uint64_t{space.f_blocks} * space.f_frsize;
  const auto free = uint64_t{space.f_bavail} * space.f_frsize;
  const bool full =
      static_cast<double>(free) < kLeastFree * static_cast<double>(total);
  findings.push_back(
      {full ? State::Bad : State::Ok, "disk",
       fmt::format("{}: {} of {} free", place, base::format_size(free),
                   base::format_size(total)),
       full ? "lodge archive retention says what goes next; lodge set logs.cap "
              "SIZE makes room"
            : ""});
  if (space.f_files > 0 && space.f_favail * 100 < space.f_files)
    findings.push_back(
        {State::Bad, "disk",
         fmt::format("{} of {} inodes free", space.f_favail, space.f_files),
         "remove files, many small ones somewhere else too"});
  if (known == kFileSystems.end())
    findings.push_back({State::Note, "file system",
                        fmt::format("unknown kind {:#x}", magic), ""});
  else if (known->trouble.empty())
    findings.push_back(
        {State::Ok, "file system", std::string(known->name), ""});
  else
    findings.push_back({State::Note, "file system",
                        fmt::format("{}: {}", known->name, known->trouble),
                        "a home on a local disk: LODGE_HOME=/var/lib/lodge"});
  return findings;
}

Findings look_at_settings(const base::Home& home) {
  const auto path = home.path("settings.json");
  auto settings = base::load_settings(path);
  if (!settings)
    return {{State::Bad, "settings", settings.error().message,
             "mend or remove " + path}};
  Findings findings;
  for (const auto& key : base::setting_keys()) {
    const auto given = base::given_setting(path, key.name);
    const auto value = key.print(*settings);
    findings.push_back({State::Ok, "settings",
                        fmt::format("{} = {} ({})", key.name,
                                    value.empty() ? "automatic" : value,
                                    given && *given ? "given" : "default"),
                        ""});
  }
  return findings;
}

}  // namespace cli
