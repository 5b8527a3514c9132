#include "cli/daemon_commands.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/json_views.h"
#include "cli/report.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

// Keeper or daemon, as descriptors that become readable when they end; none
// when there is no daemon.
std::vector<base::UniqueFd> processes_behind(const base::Home& home) {
  std::vector<base::UniqueFd> found;
  const auto watch = [&](int pid) {
    base::UniqueFd fd(
        pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1);
    if (fd) found.push_back(std::move(fd));
  };
  const auto listener = control::listener_pid(home);
  if (!listener) return found;
  watch(*listener);
  if (!found.empty()) return found;
  // It has lost its keeper; then the daemon is what there is.
  const auto reply = control::ask(home, control::PingRequest{}, {});
  if (!reply) return found;
  if (const auto* pong = std::get_if<control::PingReply>(&*reply)) {
    watch(pong->daemon_pid);
    watch(pong->keeper_pid);
  }
  return found;
}

bool ends_within(const base::UniqueFd& process, milliseconds time) {
  pollfd poll{.fd = process.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&poll, 1, static_cast<int>(time.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

// Waits for their end: 10 s, and as long as the same daemon is still busy
// stopping apps (when another kill came first, ours is answered early).
bool all_end(const base::Home& home,
             const std::vector<base::UniqueFd>& processes) {
  constexpr milliseconds kPatience{10'000};
  int busy = 0;
  for (const auto& process : processes) {
    while (!ends_within(process, kPatience)) {
      const auto reply = control::ask(home, control::PingRequest{}, {});
      if (!reply) return ends_within(process, milliseconds(0));
      const auto* pong = std::get_if<control::PingReply>(&*reply);
      if (pong == nullptr || (busy != 0 && busy != pong->daemon_pid))
        return false;
      busy = pong->daemon_pid;
    }
  }
  return true;
}

}  // namespace

int run_ping(const Invocation& invocation) {
  auto pong = ask_for<control::PingReply>(invocation, control::PingRequest{});
  if (!pong) return pong.error();
  if (invocation.json) {
    say(invocation, ping_json(*pong));
    return kDone;
  }
  say(invocation,
      fmt::format(
          "[lodge] daemon {} (pid {}) is up for {}{}\n", pong->version,
          pong->daemon_pid,
          base::format_duration(std::chrono::milliseconds(pong->uptime_ms)),
          pong->degraded ? ", degraded: its keeper is gone"
                         : fmt::format(", keeper pid {}", pong->keeper_pid)));
  if (pong->version != LODGE_VERSION)
    fmt::print(stderr, "lodge: this command is {}, the daemon {}\n",
               LODGE_VERSION, pong->version);
  return kDone;
}

int run_kill(const Invocation& invocation) {
  const auto keeper = processes_behind(invocation.home);
  auto reply =
      control::ask(invocation.home, control::KillRequest{},
                   {.command = invocation.line}, {.while_alive = true});
  // Another kill was quicker: what was asked for is done all the same.
  const bool broke = !reply && (reply.error().code == base::Errc::Io ||
                                reply.error().code == base::Errc::Unavailable);
  const bool agreed =
      reply && std::holds_alternative<control::DoneReply>(*reply);
  const bool gone =
      !keeper.empty() && (agreed || broke) && all_end(invocation.home, keeper);
  if (!broke || !gone) {
    auto done = expect_reply<control::DoneReply>(invocation, std::move(reply));
    if (!done) return done.error();
  }
  if (!keeper.empty() && !gone)
    return report(invocation,
                  {base::Errc::Timeout, 0,
                   "every app stopped, but lodge itself has not ended",
                   "its diary: " + invocation.home.diary()},
                  kFailed);
  say(invocation, invocation.json
                      ? R"({"v":1,"action":"killed"})"
                        "\n"
                      : "[lodge] every app stopped, the daemon ended\n");
  return kDone;
}

int run_version(const Invocation& invocation) {
  say(invocation, invocation.json ? fmt::format(R"({{"v":1,"version":"{}"}})"
                                                "\n",
                                                LODGE_VERSION)
                                  : fmt::format("{}\n", LODGE_VERSION));
  return kDone;
}

}  // namespace cli
