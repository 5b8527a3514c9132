#include "keeper/daemon_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/fs.h"

namespace keeper {

base::Result<DaemonProcess> start_daemon(const base::Home& home, bool safe) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return base::fail(base::fs::errno_error(errno, "socketpair", ""));
  DaemonProcess daemon{0, base::UniqueFd(ends[0])};
  const base::UniqueFd theirs(ends[1]);
  daemon.pid = ::fork();
  if (daemon.pid < 0)
    return base::fail(base::fs::errno_error(errno, "fork", ""));
  if (daemon.pid > 0) return daemon;
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // dup2 of a descriptor onto itself would leave it CLOEXEC.
  if (theirs.get() == 3)
    ::fcntl(3, F_SETFD, 0);
  else
    ::dup2(theirs.get(), 3);
  ::unsetenv("LODGE_INSTANCE");
  ::execl("/proc/self/exe", "lodge", "daemon", home.root().c_str(),
          safe ? "--safe" : nullptr, nullptr);
  ::_exit(127);
}

}  // namespace keeper
