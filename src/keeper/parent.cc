#include "keeper/parent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/fs.h"
#include "base/service_manager.h"

namespace keeper {

base::Result<base::UniqueFd> lock_home(const base::Home& home) {
  auto lock = base::fs::try_lock(home.run("keeper.lock"));
  for (int tries = 0; tries < 500 && !lock; ++tries) {
    if (lock.error().code != base::Errc::WouldBlock) break;
    ::poll(nullptr, 0, 10);
    lock = base::fs::try_lock(home.run("keeper.lock"));
  }
  if (!lock) return base::pass(std::move(lock), "keeper: already running");
  return lock;
}

base::Result<rlimit> become_parent() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
    return base::fail(base::fs::errno_error(errno, "prctl", "subreaper"));
  // Three descriptors or more per instance: take what the hard limit gives.
  rlimit childs{};
  ::getrlimit(RLIMIT_NOFILE, &childs);
  rlimit most = childs;
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  // Only root may; without it the keeper is small, and no likely victim.
  if (auto fd = base::fs::open("/proc/self/oom_score_adj", O_WRONLY); fd)
    (void)base::fs::write_all(fd->get(), "-900", "oom_score_adj");
  return childs;
}

base::Result<base::UniqueFd> watch_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT})
    sigaddset(&watched, signal);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  base::UniqueFd signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return base::fail(base::fs::errno_error(errno, "signalfd", ""));
  return signals;
}

std::optional<int> end_of(pid_t child) {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child), &info,
               WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != child)
    return std::nullopt;
  if (info.si_code == CLD_EXITED) return W_EXITCODE(info.si_status, 0);
  return info.si_status | (info.si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

base::Status become_main_process() {
  const char* socket = std::getenv(base::kManagerSocketVariable);
  if (socket == nullptr) return {};
  return base::tell_manager(socket, "MAINPID=" + std::to_string(::getpid()));
}

}  // namespace keeper
