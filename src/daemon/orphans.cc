#include "daemon/orphans.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <map>

#include "base/clock.h"
#include "base/fs.h"
#include "daemon/notify_socket.h"
#include "supervisor/processes.h"

namespace daemon_ {
namespace {

using keeper::Role;

// "home:id:generation." of this home.
bool parse_tag(std::string_view tag, std::string_view home_id,
               supervisor::Life& life) {
  if (!tag.starts_with(home_id)) return false;
  tag.remove_prefix(home_id.size());
  if (!tag.starts_with(':')) return false;
  const char* const end = tag.data() + tag.size();
  const auto id = std::from_chars(tag.data() + 1, end, life.id);
  if (id.ec != std::errc{} || id.ptr == end || *id.ptr != ':') return false;
  const auto generation = std::from_chars(id.ptr + 1, end, life.generation);
  return generation.ec == std::errc{};
}

// /proc counts from the machine's start.
base::Timestamp started_at(const supervisor::ProcessInfo& process) {
  timespec up{};
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  const int64_t up_us = up.tv_sec * 1'000'000 + up.tv_nsec / 1000;
  const auto since_boot =
      static_cast<int64_t>(process.start_ticks * 1'000'000 /
                           static_cast<uint64_t>(::sysconf(_SC_CLK_TCK)));
  return {base::SystemClock().now().us - up_us + since_boot};
}

void take_pipe(keeper::FoundSlot& slot, int fd, int flags, Role role) {
  auto opened = base::fs::open(
      "/proc/" + std::to_string(slot.pid) + "/fd/" + std::to_string(fd),
      flags | O_NONBLOCK);
  if (!opened) return;
  // It may have put a file or a terminal there.
  auto info = base::fs::fstat(opened->get(), "pipe");
  if (info && S_ISFIFO(info->st_mode))
    slot.fds.push_back({role, std::move(*opened)});
}

}  // namespace

std::vector<Orphan> find_orphans(std::string_view home_id) {
  auto snapshot = supervisor::ProcessSnapshot::take();
  std::map<std::pair<int, uint64_t>, Orphan> found;
  for (const auto& process : snapshot.all()) {
    supervisor::Life life;
    if (process.pid == ::getpid() || process.state == 'Z' ||
        !parse_tag(snapshot.tag(process.pid), home_id, life))
      continue;
    Orphan& orphan = found[{life.id, life.generation}];
    orphan.life.id = life.id;
    orphan.life.generation = life.generation;
    // The keeper makes each child the leader of a session; of several leaders
    // the oldest is the child.
    // A health check has a tail to its tag, and a session too.
    const bool leads = process.session == process.pid &&
                       snapshot.tag(process.pid).ends_with('.');
    const auto launched = started_at(process);
    const bool older = orphan.slot.pid == 0 || launched < orphan.life.launched;
    if (!leads || !older) continue;
    orphan.slot.pid = process.pid;
    orphan.life.launched = launched;
  }
  std::vector<Orphan> orphans;
  for (auto& [key, orphan] : found) {
    auto& slot = orphan.slot;
    slot.state = keeper::SlotState::Running;
    slot.adopted = true;
    if (slot.pid != 0) {
      base::UniqueFd pidfd(
          static_cast<int>(::syscall(SYS_pidfd_open, slot.pid, 0)));
      if (pidfd) slot.fds.push_back({Role::PidFd, std::move(pidfd)});
      take_pipe(slot, 0, O_WRONLY, Role::Stdin);
      take_pipe(slot, 1, O_RDONLY, Role::Stdout);
      take_pipe(slot, 2, O_RDONLY, Role::Stderr);
      // Nobody holds it any more: made anew, under the name that the app knows.
      if (auto notify = bind_notify_socket(
              supervisor::read_variable(slot.pid, "NOTIFY_SOCKET")))
        slot.fds.push_back({Role::Notify, std::move(*notify)});
    }
    orphans.push_back(std::move(orphan));
  }
  return orphans;
}

}  // namespace daemon_
