#include "keeper/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/fs.h"
#include "base/unix_socket.h"
#include "keeper/protocol.h"
#include "keeper/slots.h"

namespace keeper {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// A daemon that dies within kShortLife is started again with growing delays.
constexpr milliseconds kShortLife{1000};
constexpr milliseconds kFirstDelay{50};
constexpr milliseconds kLongestDelay{2000};

class Keeper {
 public:
  explicit Keeper(const base::Home& home) : home_(home) {}

  // Starts a daemon and reports at `ready`; or serves the one that is there.
  int run(base::UniqueFd ready);
  int serve(base::UniqueFd channel);

 private:
  base::Status prepare();
  int turn_until_done();
  base::Status become_parent();
  void start_daemon();
  void turn();
  int patience() const;
  void handle_signals();
  void receive();
  void handle(Frame frame);
  void resync();
  void reap();
  void daemon_ended(int status);
  void report_ready(std::string_view words);
  void note(const std::string& words) const;

  const base::Home& home_;
  base::UniqueFd ready_;
  base::SystemClock clock_;
  base::UniqueFd lock_;
  base::UniqueFd listener_;
  base::UniqueFd signals_;
  base::UniqueFd channel_;
  rlimit nofile_{};
  Slots slots_{nofile_};
  pid_t daemon_ = 0;  // 0 = not running
  bool daemon_is_child_ = true;
  Steady::time_point daemon_started_;
  Steady::time_point daemon_due_;
  milliseconds delay_{0};
  bool hung_up_ = false;      // it closed its end, and lives
  bool terminating_ = false;  // somebody asked for an orderly end
  bool in_sync_ = false;      // the daemon said Hello
  bool was_ready_ = false;    // some daemon once came up
  bool quitting_ = false;
  bool done_ = false;
  int exit_code_ = 0;
};

int Keeper::run(base::UniqueFd ready) {
  ready_ = std::move(ready);
  auto prepared = prepare();
  if (prepared) {
    auto listener = base::listen_unix(home_.socket());
    if (listener)
      listener_ = std::move(*listener);
    else
      prepared = base::pass(std::move(listener), "keeper");
  }
  if (!prepared) {
    report_ready(prepared.error().message);
    note(prepared.error().message);
    return 1;
  }
  start_daemon();
  return turn_until_done();
}

int Keeper::serve(base::UniqueFd channel) {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(channel.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  channel_ = std::move(channel);
  if (auto prepared = prepare(); !prepared) {
    note(prepared.error().message);
    return 1;
  }
  daemon_ = peer.pid;
  daemon_is_child_ = false;
  in_sync_ = was_ready_ = true;
  daemon_started_ = Steady::now();
  note("taking the place of one that is gone");
  FrameHeader ready;
  ready.type = FrameType::Ready;
  ready.pid = ::getpid();
  (void)send_frame(channel_.get(), ready, {}, {});
  return turn_until_done();
}

int Keeper::turn_until_done() {
  while (!done_) turn();
  if (listener_) (void)base::fs::unlink(home_.socket());
  return exit_code_;
}

base::Status Keeper::prepare() {
  ::umask(077);
  if (auto made = home_.make(); !made) return made;
  auto lock = base::fs::try_lock(home_.run("keeper.lock"));
  // A keeper that was killed may still be on its way out.
  for (int tries = 0; tries < 500 && !lock; ++tries) {
    if (lock.error().code != base::Errc::WouldBlock) break;
    ::poll(nullptr, 0, 10);
    lock = base::fs::try_lock(home_.run("keeper.lock"));
  }
  if (!lock) return base::pass(std::move(lock), "keeper: already running");
  lock_ = std::move(*lock);
  return become_parent();
}

base::Status Keeper::become_parent() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
    return base::fail(base::fs::errno_error(errno, "prctl", "subreaper"));
  // Three descriptors or more per instance: take what the hard limit gives.
  // Children get back what we were started with.
  ::getrlimit(RLIMIT_NOFILE, &nofile_);
  rlimit most = nofile_;
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  // Only root may; without it the keeper is small, and no likely victim.
  if (auto fd = base::fs::open("/proc/self/oom_score_adj", O_WRONLY); fd)
    (void)base::fs::write_all(fd->get(), "-900", "oom_score_adj");
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT})
    sigaddset(&watched, signal);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_)
    return base::fail(base::fs::errno_error(errno, "signalfd", ""));
  return {};
}

void Keeper::start_daemon() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    note("socketpair failed; trying again");
    daemon_due_ = Steady::now() + kLongestDelay;
    return;
  }
  channel_.reset(ends[0]);
  base::UniqueFd theirs(ends[1]);
  daemon_started_ = Steady::now();
  in_sync_ = hung_up_ = false;
  daemon_is_child_ = true;
  const pid_t pid = ::fork();
  if (pid < 0) {
    note("fork failed; trying again");
    daemon_due_ = Steady::now() + kLongestDelay;
    return;
  }
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // dup2 of a descriptor onto itself would leave it CLOEXEC.
    if (theirs.get() == 3)
      ::fcntl(3, F_SETFD, 0);
    else
      ::dup2(theirs.get(), 3);
    const std::string root = home_.root();
    ::unsetenv("LODGE_INSTANCE");
    ::execl("/proc/self/exe", "lodge", "daemon", root.c_str(), nullptr);
    ::_exit(127);
  }
  daemon_ = pid;
}

// One wait for whatever comes next, and its handling.
void Keeper::turn() {
  std::vector<pollfd> polled;
  polled.push_back({signals_.get(), POLLIN, 0});
  const bool untold = in_sync_ && slots_.has_untold();
  const short wanted = untold ? POLLIN | POLLOUT : POLLIN;
  polled.push_back(
      {daemon_ != 0 && !hung_up_ ? channel_.get() : -1, wanted, 0});
  const auto watched = slots_.watched();
  for (const auto& slot : watched) polled.push_back({slot.fd, POLLIN, 0});
  ::poll(polled.data(), polled.size(), patience());
  // What the daemon said just before it died must be heard before it is
  // reaped, or a registration would be lost.
  receive();
  for (size_t i = 0; i < watched.size(); ++i)
    if (polled[i + 2].revents != 0) slots_.on_readable(watched[i].number);
  handle_signals();
  reap();
  if (daemon_ == 0 && !done_ && Steady::now() >= daemon_due_) start_daemon();
  if (daemon_ != 0 && in_sync_) slots_.tell(channel_.get());
}

// Milliseconds until the daemon is due again, or for ever.
int Keeper::patience() const {
  if (daemon_ != 0) return -1;
  const auto left =
      std::chrono::ceil<milliseconds>(daemon_due_ - Steady::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void Keeper::handle_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) ==
         static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) continue;
    // An orderly end is the daemon's business: it stops the apps first. One
    // that is just coming up may not listen yet, and is told when it does.
    terminating_ = true;
    if (daemon_ != 0 && in_sync_) ::kill(daemon_, SIGTERM);
  }
}

void Keeper::receive() {
  while (daemon_ != 0) {
    auto frame = receive_frame(channel_.get());
    if (frame) {
      handle(std::move(*frame));
      continue;
    }
    if (frame.error().code == base::Errc::Invalid) note(frame.error().message);
    if (frame.error().code == base::Errc::Invalid) continue;
    // The end of a daemon that is no child of ours shows here alone.
    if (frame.error().code != base::Errc::Unavailable) return;
    hung_up_ = true;
    if (!daemon_is_child_) daemon_ended(0);
    return;
  }
}

void Keeper::handle(Frame frame) {
  const FrameHeader header = frame.header;
  switch (header.type) {
    case FrameType::Hello:
      resync();
      break;
    case FrameType::Hold:
      if (auto held = slots_.hold(std::move(frame)); !held)
        note(held.error().message);
      break;
    case FrameType::Spawn:
      slots_.spawn(std::move(frame));
      break;
    case FrameType::Listen:
      listener_ = frame.take(Role::Listener);
      break;
    case FrameType::Adopt:
      slots_.adopt(std::move(frame));
      break;
    case FrameType::Label:
      slots_.label(std::move(frame));
      break;
    case FrameType::Drop:
      slots_.drop(header.slot, static_cast<Role>(header.value));
      break;
    case FrameType::Release:
      slots_.release(header.slot);
      break;
    case FrameType::Quit:
      quitting_ = true;
      // From here on a newcomer finds nobody, and starts a daemon of its own.
      if (header.value == 0) (void)base::fs::unlink(home_.socket());
      listener_.reset();
      break;
    case FrameType::Failed:
      note(frame.body);
      if (!was_ready_) {
        report_ready(frame.body);
        quitting_ = true;
        exit_code_ = 1;
      }
      break;
    default:
      break;  // a newer daemon's word: not ours to understand
  }
}

// A daemon that knows nothing gets everything.
void Keeper::resync() {
  in_sync_ = true;
  was_ready_ = true;
  const bool whole = slots_.tell_all(channel_.get());
  FrameHeader ready;
  ready.type = FrameType::Ready;
  ready.pid = ::getpid();
  const RoleFdRef listener[] = {{Role::Listener, listener_.get()}};
  pollfd writable{channel_.get(), POLLOUT, 0};
  ::poll(&writable, 1, 1000);
  if (!whole || !send_frame(channel_.get(), ready, {}, listener)) {
    // A daemon without the whole truth must not act: let it start over.
    if (daemon_ != 0) ::kill(daemon_, SIGKILL);
    return;
  }
  report_ready("ok");
  if (terminating_) ::kill(daemon_, SIGTERM);
}

void Keeper::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == daemon_)
      daemon_ended(status);
    else
      slots_.on_reaped(pid, status);
  }
}

void Keeper::daemon_ended(int status) {
  if (daemon_is_child_) receive();
  daemon_ = 0;
  channel_.reset();
  if (quitting_) {
    done_ = true;
    return;
  }
  if (!was_ready_) {
    report_ready("the daemon did not start; see " + home_.diary());
    exit_code_ = 1;
    done_ = true;
    return;
  }
  const bool lived = Steady::now() - daemon_started_ >= kShortLife;
  delay_ = lived                       ? milliseconds{0}
           : delay_ == milliseconds{0} ? kFirstDelay
                                       : std::min(delay_ * 2, kLongestDelay);
  daemon_due_ = Steady::now() + delay_;
  note("daemon ended (wait status " + std::to_string(status) +
       "); starting it again");
}

void Keeper::report_ready(std::string_view words) {
  if (!ready_) return;
  (void)base::fs::write_all(ready_.get(), words, "ready pipe");
  ready_.reset();
}

// Into the diary, in its form.
void Keeper::note(const std::string& words) const {
  auto fd = base::fs::open(home_.diary(), O_WRONLY | O_CREAT | O_APPEND);
  if (!fd) return;
  const std::string line =
      base::format_stamp(clock_.now()) + " info  keeper: " + words + "\n";
  (void)base::fs::write_all(fd->get(), line, home_.diary());
}

}  // namespace

int run(const base::Home& home, base::UniqueFd inherited) {
  Keeper keeper(home);
  auto info = base::fs::fstat(inherited.get(), "inherited descriptor");
  const bool channel = info && S_ISSOCK(info->st_mode);
  return channel ? keeper.serve(std::move(inherited))
                 : keeper.run(std::move(inherited));
}

}  // namespace keeper
