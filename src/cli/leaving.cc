#include "cli/leaving.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fs.h"

namespace cli {

void leave_quietly_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) {
    if (::isatty(STDOUT_FILENO) == 1 &&
        ::write(STDOUT_FILENO, "\x1b[0m", 4) < 0) {
    }
    ::_exit(0);
  };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

LeaveWatch::LeaveWatch() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  signals_ =
      base::UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals_) ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

bool LeaveWatch::is_asked() const {
  pollfd polled{signals_.get(), POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

// The writing end of a pipe never is readable but for that reason. It is opened
// anew because a watch makes its descriptor non-blocking for all who share it.
ReaderWatch::ReaderWatch(base::EventLoop& loop) {
  const auto out = base::fs::fstat(STDOUT_FILENO, "standard output");
  if (!out || !S_ISFIFO(out->st_mode)) return;
  auto pipe = base::fs::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK);
  if (!pipe) return;
  pipe_ = std::move(*pipe);
  watch_.emplace(loop, pipe_.get(), [&loop](int) { loop.stop(); });
  watch_->want(base::FdWatch::Readable);
}

}  // namespace cli
