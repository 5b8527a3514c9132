#include "cli/daemon_end.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "control/client.h"
#include "control/message.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kPatience{10'000};
constexpr milliseconds kLook{1'000};

void watch(int pid, std::vector<base::UniqueFd>& into) {
  if (pid <= 0) return;
  base::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd) into.push_back(std::move(fd));
}

bool ends_within(const base::UniqueFd& process, milliseconds time) {
  pollfd poll{.fd = process.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&poll, 1, static_cast<int>(time.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

DaemonEnd::DaemonEnd(const base::Home& home)
    : home_(home), began_(Steady::now()) {
  const auto listener = control::listener_pid(home);
  if (!listener) return;
  watch(*listener, processes_);
  if (expected()) return;
  // It has lost its keeper; then the daemon is what there is.
  const auto reply = control::ask(home, control::PingRequest{}, {});
  if (!reply) return;
  const auto* pong = std::get_if<control::PingReply>(&*reply);
  if (pong == nullptr) return;
  watch(pong->daemon_pid, processes_);
  watch(pong->keeper_pid, processes_);
}

bool DaemonEnd::wait() const {
  auto deadline = Steady::now() + kPatience;
  for (const auto& process : processes_) {
    while (!ends_within(process, kLook)) {
      const auto sign = ask_for_sign();
      if (sign == Sign::NewDaemon) return false;
      if (sign == Sign::OldDaemon) deadline = Steady::now() + kPatience;
      if (Steady::now() > deadline) return false;
    }
  }
  return true;
}

DaemonEnd::Sign DaemonEnd::ask_for_sign() const {
  const auto reply =
      control::ask(home_, control::PingRequest{}, {}, {.silence = kLook});
  if (!reply) return Sign::None;
  const auto* pong = std::get_if<control::PingReply>(&*reply);
  if (pong == nullptr) return Sign::None;
  const bool older = milliseconds(pong->uptime_ms) >= Steady::now() - began_;
  return older ? Sign::OldDaemon : Sign::NewDaemon;
}

}  // namespace cli
