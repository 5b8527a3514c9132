#include "keeper/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/fs.h"
#include "base/unix_socket.h"

namespace keeper {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kPatience{15'000};
constexpr milliseconds kPoll{5};

// In the child of a fork: becomes the keeper, in a session of its own, with
// nothing of the caller's terminal.
[[noreturn]] void become_keeper(const char* root, int inherited) {
  ::setsid();
  // Who starts us may be an app of ours, and its tag would make us one of its
  // tree.
  ::unsetenv("LODGE_INSTANCE");
  // A second fork: the keeper must not be able to gain a terminal, and its
  // starter need not wait for it.
  if (::fork() != 0) ::_exit(0);
  if (::chdir("/") < 0) ::_exit(127);
  const int null = ::open("/dev/null", O_RDWR);
  // Out of the way of 0..2 first; it goes to descriptor 3.
  const int kept = ::fcntl(inherited, F_DUPFD, 10);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::dup2(kept, 3);
  // Whatever the caller's caller left open is none of ours.
  ::close_range(4, ~0U, 0);
  ::execl("/proc/self/exe", "lodge", "keeper", root, nullptr);
  ::_exit(127);
}

base::Status start_keeper(const base::Home& home, Steady::time_point deadline) {
  auto pipe = base::fs::make_pipe();
  if (!pipe) return base::pass(std::move(pipe), "keeper");
  const std::string root = home.root();
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::fs::errno_error(errno, "fork", ""));
  if (pid == 0) become_keeper(root.c_str(), pipe->write.get());
  pipe->write.reset();
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  std::string words;
  for (;;) {
    pollfd readable{pipe->read.get(), POLLIN, 0};
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - Steady::now()).count();
    if (left <= 0)
      return base::fail(base::Errc::Timeout,
                        "the daemon did not come up in time",
                        "see " + home.diary());
    if (::poll(&readable, 1, static_cast<int>(left)) <= 0) continue;
    char chunk[512];
    auto n = base::fs::read(pipe->read.get(), chunk, "ready pipe");
    if (!n) return base::pass(std::move(n), "keeper");
    if (*n == 0) break;
    words.append(chunk, *n);
  }
  if (words == "ok") return {};
  if (words.empty()) words = "the keeper did not start";
  return base::fail(base::Errc::Unavailable, words, "see " + home.diary());
}

}  // namespace

base::Result<base::UniqueFd> start_successor(const base::Home& home) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return base::fail(base::fs::errno_error(errno, "socketpair", ""));
  base::UniqueFd ours(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  const std::string root = home.root();
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::fs::errno_error(errno, "fork", ""));
  if (pid == 0) become_keeper(root.c_str(), theirs.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return ours;
}

base::Status ensure_running(const base::Home& home) {
  const auto deadline = Steady::now() + kPatience;
  auto there = base::connect_unix(home.socket(), deadline);
  if (there) return {};
  if (there.error().code != base::Errc::Unavailable)
    return base::fail(std::move(there.error()));
  const mode_t old = ::umask(077);
  auto made = home.make();
  ::umask(old);
  if (!made) return made;
  for (;;) {
    auto lock = base::fs::try_lock(home.run("start.lock"));
    if (base::connect_unix(home.socket(), deadline)) return {};
    if (lock) return start_keeper(home, deadline);
    if (lock.error().code != base::Errc::WouldBlock)
      return base::fail(std::move(lock.error()));
    if (Steady::now() > deadline)
      return base::fail(base::Errc::Timeout,
                        "another start is under way and does not end",
                        "see " + home.diary());
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace keeper
