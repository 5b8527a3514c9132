#include "keeper/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>

#include "base/fs.h"
#include "base/unix_socket.h"
#include "keeper/comeback.h"
#include "keeper/daemon_process.h"
#include "keeper/diary.h"
#include "keeper/handover.h"
#include "keeper/parent.h"
#include "keeper/protocol.h"

namespace keeper {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{2000};

class Keeper {
 public:
  explicit Keeper(const base::Home& home, Holdings has = {})
      : home_(home), has_(std::move(has)) {}

  // Starts a daemon and reports at `ready`; or serves the one that is there.
  int run(base::UniqueFd ready);
  int serve(base::UniqueFd channel);
  // Goes on with what the program before had. `Back`: in its very place.
  int resume(Resume how);

 private:
  base::Status prepare();
  int turn_until_done();
  base::Status watch();
  base::Status listen();
  void start_daemon();
  void turn();
  int patience() const;
  void handle_signals();
  void receive();
  void handle(Frame frame);
  void resync();
  void look_after_daemon();
  void reap();
  void daemon_ended(int status);
  void upgrade(const std::string& path);
  void refuse_upgrade(const std::string& why);
  void fall_back();
  void report_ready(std::string_view words);
  void note(const std::string& words) const { note_in_diary(home_, words); }

  const base::Home& home_;
  base::UniqueFd ready_;
  Holdings has_;
  base::UniqueFd signals_;
  Steady::time_point daemon_due_;
  Comeback comeback_;
  bool killed_by_us_ = false;  // the daemon, for what it did not do
  bool hung_up_ = false;       // it closed its end, and lives
  bool was_ready_ = false;     // some daemon once came up
  bool ending_old_ = false;    // the daemon of the program before
  std::string last_words_;     // of a daemon that did not come up
  bool quitting_ = false;
  bool done_ = false;
  int exit_code_ = 0;
};

int Keeper::run(base::UniqueFd ready) {
  ready_ = std::move(ready);
  auto prepared = prepare();
  if (prepared) prepared = listen();
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
  has_.channel = std::move(channel);
  if (auto prepared = prepare(); !prepared) {
    note(prepared.error().message);
    return 1;
  }
  has_.daemon = peer.pid;
  has_.daemon_is_child = false;
  has_.in_sync = was_ready_ = true;
  comeback_.started(Steady::now());
  comeback_.served();
  note("taking the place of one that is gone");
  if (auto told = become_main_process(); !told) note(told.error().message);
  FrameHeader ready;
  ready.type = FrameType::Ready;
  ready.pid = ::getpid();
  (void)send_frame(has_.channel.get(), ready, {}, {});
  return turn_until_done();
}

int Keeper::resume(Resume how) {
  was_ready_ = true;
  comeback_.started(Steady::now());
  if (auto watching = watch(); !watching)
    note(watching.error().message);  // once it worked: out of memory, almost
  if (how == Resume::Back) {
    comeback_.served();
    refuse_upgrade("the new program can't go on with what this one holds");
    return turn_until_done();
  }
  note(std::string("now version ") + LODGE_VERSION);
  comeback_.expect_soon();
  // Its capture's state outlives it, whatever it is about to do.
  ending_old_ = has_.daemon != 0;
  if (ending_old_) ::kill(has_.daemon, SIGKILL);
  return turn_until_done();
}

int Keeper::turn_until_done() {
  while (!done_) turn();
  if (has_.listener) (void)base::fs::unlink(home_.socket());
  return exit_code_;
}

base::Status Keeper::prepare() {
  ::umask(077);
  if (auto made = home_.make(); !made) return made;
  auto lock = lock_home(home_);
  if (!lock) return base::fail(std::move(lock.error()));
  has_.lock = std::move(*lock);
  auto limit = become_parent();
  if (!limit) return base::fail(std::move(limit.error()));
  has_.slots = Slots(*limit);
  return watch();
}

base::Status Keeper::watch() {
  auto signals = watch_signals();
  if (!signals) return base::fail(std::move(signals.error()));
  signals_ = std::move(*signals);
  return {};
}

base::Status Keeper::listen() {
  auto listener = base::listen_unix(home_.socket());
  if (!listener) return base::pass(std::move(listener), "keeper");
  has_.listener = std::move(*listener);
  return {};
}

void Keeper::start_daemon() {
  // A daemon that started us may have died before it handed its socket over.
  if (!has_.listener)
    if (auto listening = listen(); !listening) {
      note(listening.error().message + "; trying again");
      daemon_due_ = Steady::now() + kRetry;
      return;
    }
  auto started = keeper::start_daemon(home_, comeback_.safe());
  if (!started) {
    note(started.error().message + "; trying again");
    daemon_due_ = Steady::now() + kRetry;
    return;
  }
  has_.daemon = started->pid;
  has_.channel = std::move(started->channel);
  has_.daemon_is_child = true;
  has_.in_sync = hung_up_ = false;
  last_words_.clear();
  comeback_.started(Steady::now());
}

// One wait for whatever comes next, and its handling.
void Keeper::turn() {
  std::vector<pollfd> polled;
  polled.push_back({signals_.get(), POLLIN, 0});
  const bool untold = has_.in_sync && has_.slots.has_untold();
  const short wanted = untold ? POLLIN | POLLOUT : POLLIN;
  polled.push_back(
      {has_.daemon != 0 && !hung_up_ ? has_.channel.get() : -1, wanted, 0});
  const auto watched = has_.slots.watched();
  for (const auto& slot : watched) polled.push_back({slot.fd, POLLIN, 0});
  ::poll(polled.data(), polled.size(), patience());
  // What the daemon said just before it died must be heard before it is
  // reaped, or a registration would be lost.
  receive();
  for (size_t i = 0; i < watched.size(); ++i)
    if (polled[i + 2].revents != 0) has_.slots.on_readable(watched[i].number);
  handle_signals();
  look_after_daemon();
  reap();
  if (has_.daemon != 0 && has_.in_sync) has_.slots.tell(has_.channel.get());
}

void Keeper::look_after_daemon() {
  // Its successor first, then the burial, which takes the kernel a while.
  if (has_.daemon != 0 && has_.daemon_is_child)
    if (const auto status = end_of(has_.daemon)) daemon_ended(*status);
  if (has_.daemon != 0 && !ending_old_ &&
      Steady::now() >= comeback_.deadline()) {
    last_words_ = "it does not come to serve";
    killed_by_us_ = true;
    ::kill(has_.daemon, SIGKILL);
    comeback_.started(Steady::now());  // not once a turn until it is gone
  }
  if (has_.daemon == 0 && !done_ && Steady::now() >= daemon_due_)
    start_daemon();
}

// Milliseconds until the daemon is due again, or must have come up, or for
// ever.
int Keeper::patience() const {
  const auto next = has_.daemon != 0 ? comeback_.deadline() : daemon_due_;
  if (ending_old_ || next == Steady::time_point::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(next - Steady::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void Keeper::handle_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) ==
         static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) continue;
    // An orderly end is the daemon's business: it stops the apps first. One
    // that is just coming up may not listen yet, and is told when it does.
    has_.terminating = true;
    if (has_.daemon != 0 && has_.in_sync) ::kill(has_.daemon, SIGTERM);
  }
}

void Keeper::receive() {
  while (has_.daemon != 0) {
    auto frame = receive_frame(has_.channel.get());
    if (frame) {
      handle(std::move(*frame));
      continue;
    }
    if (frame.error().code == base::Errc::Invalid) note(frame.error().message);
    if (frame.error().code == base::Errc::Invalid) continue;
    // The end of a daemon that is no child of ours shows here alone.
    if (frame.error().code != base::Errc::Unavailable) return;
    hung_up_ = true;
    if (!has_.daemon_is_child) daemon_ended(0);
    return;
  }
}

void Keeper::handle(Frame frame) {
  const FrameHeader header = frame.header;
  switch (header.type) {
    case FrameType::Hello:
      resync();
      // Before 1.1 it did not say when it serves.
      if (header.minor < 1) comeback_.served();
      break;
    case FrameType::Listen:
      has_.listener = frame.take(Role::Listener);
      break;
    case FrameType::Quit:
      quitting_ = true;
      // From here on a newcomer finds nobody, and starts a daemon of its own.
      if (header.value == 0) (void)base::fs::unlink(home_.socket());
      has_.listener.reset();
      break;
    case FrameType::Upgrade:
      upgrade(frame.body);
      break;
    case FrameType::Serving:
      comeback_.served();
      break;
    case FrameType::Failed:
      note(frame.body);
      last_words_ = frame.body;
      if (!was_ready_) {
        report_ready(frame.body);
        quitting_ = true;
        exit_code_ = 1;
      }
      break;
    default:
      // About a slot; or a newer daemon's word, not ours to understand.
      if (auto taken = has_.slots.take(std::move(frame)); !taken)
        note(taken.error().message);
      break;
  }
}

// A daemon that knows nothing gets everything.
void Keeper::resync() {
  has_.in_sync = true;
  was_ready_ = true;
  const bool whole = has_.slots.tell_all(has_.channel.get());
  FrameHeader ready;
  ready.type = FrameType::Ready;
  ready.pid = ::getpid();
  ready.value = has_.updates;
  const std::string_view error = has_.update_error;
  const RoleFdRef listener[] = {{Role::Listener, has_.listener.get()}};
  pollfd writable{has_.channel.get(), POLLOUT, 0};
  ::poll(&writable, 1, 1000);
  if (!whole || !send_frame(has_.channel.get(), ready,
                            error.substr(0, kMaxBody), listener)) {
    // A daemon without the whole truth must not act: let it start over.
    killed_by_us_ = true;
    if (has_.daemon != 0) ::kill(has_.daemon, SIGKILL);
    return;
  }
  report_ready("ok");
  if (has_.terminating) ::kill(has_.daemon, SIGTERM);
}

void Keeper::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == has_.daemon)
      daemon_ended(status);
    else
      has_.slots.on_reaped(pid, status);
  }
}

void Keeper::daemon_ended(int status) {
  if (has_.daemon_is_child) receive();
  has_.daemon = 0;
  has_.channel.reset();
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
  if (std::exchange(ending_old_, false)) return;  // its successor is due now
  if (last_words_.empty())
    last_words_ = "it ended with wait status " + std::to_string(status);
  note("daemon ended (wait status " + std::to_string(status) +
       "); starting it again");
  const bool was_safe = comeback_.safe();
  const auto how =
      Comeback::end_of(status, std::exchange(killed_by_us_, false));
  const auto next = comeback_.ended(Steady::now(), bool(has_.previous), how);
  if (was_safe && !comeback_.safe()) note("safe mode: trying a whole daemon");
  if (next == Comeback::Next::ProgramBefore) fall_back();
  if (next == Comeback::Next::SafeMode)
    note("no daemon comes up (" + last_words_ + "); safe mode from now on");
  daemon_due_ = comeback_.due(Steady::now());
}

void Keeper::upgrade(const std::string& path) {
  ++has_.updates;
  if (quitting_ || has_.terminating)
    return refuse_upgrade("lodge is about to end, or to change already");
  auto ours = base::fs::open("/proc/self/exe", O_PATH);
  if (!ours) return refuse_upgrade(ours.error().message);
  // By descriptor: the file at its path may be another one by now.
  base::UniqueFd before = std::exchange(has_.previous, std::move(*ours));
  has_.update_error.clear();
  note("becoming " + path);
  const auto error = become(path, home_, has_);
  has_.previous = std::move(before);
  refuse_upgrade(error.message);
}

void Keeper::refuse_upgrade(const std::string& why) {
  note("not upgraded: " + why);
  has_.update_error = why;
  FrameHeader failed;
  failed.type = FrameType::UpgradeFailed;
  failed.value = has_.updates;
  failed.pid = ::getpid();
  (void)send_frame(has_.channel.get(), failed,
                   std::string_view(why).substr(0, kMaxBody), {});
}

// Three daemons of this program did not come up.
void Keeper::fall_back() {
  has_.update_error = "the new daemon did not come up: " + last_words_;
  const base::UniqueFd previous = std::move(has_.previous);
  note("no daemon comes up (" + last_words_ + "); the program before again");
  const auto error =
      become("/proc/self/fd/" + std::to_string(previous.get()), home_, has_);
  note(error.message);
}

void Keeper::report_ready(std::string_view words) {
  if (!ready_) return;
  (void)base::fs::write_all(ready_.get(), words, "ready pipe");
  ready_.reset();
}

}  // namespace

int run(const base::Home& home, base::UniqueFd inherited) {
  Keeper keeper(home);
  auto info = base::fs::fstat(inherited.get(), "inherited descriptor");
  const bool channel = info && S_ISSOCK(info->st_mode);
  return channel ? keeper.serve(std::move(inherited))
                 : keeper.run(std::move(inherited));
}

bool is_resume(std::string_view word) {
  return parse_resume(word).has_value();
}

int resume(const base::Home& home, std::string_view text) {
  auto word = parse_resume(text);
  if (!word) return 1;
  const base::UniqueFd table(word->table);
  auto holdings = decode_handover(table.get());
  if (word->how == Resume::Check) {
    if (!holdings) return 1;
    return base::fs::write_all(1, kCanResume, "stdout") ? 0 : 1;
  }
  if (!holdings) {
    (void)become_previous(home, *word);
    return 1;
  }
  if (word->how == Resume::Back) holdings->previous.reset();
  return Keeper(home, std::move(*holdings)).resume(word->how);
}

}  // namespace keeper
