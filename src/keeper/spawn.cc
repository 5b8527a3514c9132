#include "keeper/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "base/fs.h"

namespace keeper {
namespace {

// From here to exec only async-signal-safe calls, and no memory that the keeper
// writes: it may be running.

[[noreturn]] void give_up(int outcome, ExecFailure::Step step) {
  const ExecFailure failure{errno, step};
  (void)!::write(outcome, &failure, sizeof failure);
  ::_exit(127);
}

// Puts `from` at `to`, without CLOEXEC. Sources lie above the targets, so that
// no move destroys a later one's source.
void place(int from, int to, int outcome) {
  if (from < 0) return;
  if (::dup2(from, to) < 0) give_up(outcome, ExecFailure::Descriptors);
}

int above_targets(int fd, int outcome) {
  if (fd < 0 || fd > 3) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
  if (moved < 0) give_up(outcome, ExecFailure::Descriptors);
  return moved;
}

void reset_signals() {
  // The kernel's own call: glibc's would not touch 32 and 33, which it keeps
  // for itself, and which posix_spawn leaves ignored in what it starts.
  struct {
    void* handler = nullptr;  // SIG_DFL
    unsigned long flags = 0;
    void* restorer = nullptr;
    unsigned long mask = 0;
  } fresh;
  for (int signal = 1; signal < NSIG; ++signal)
    ::syscall(SYS_rt_sigaction, signal, &fresh, nullptr, sizeof fresh.mask);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void reset_oom_score() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!::write(fd, "0", 1);
  ::close(fd);
}

// Groups while we still may, the user last; and no way back is left. The
// kernel's own calls: glibc's would ask threads of the process that we share
// the memory with to change, too.
bool change_user(const User& user) {
  const auto set_user = [](uid_t uid) {
    return ::syscall(SYS_setresuid, uid, uid, uid);
  };
  if (::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) < 0)
    return false;
  if (::syscall(SYS_setresgid, user.gid, user.gid, user.gid) < 0) return false;
  if (set_user(user.uid) < 0) return false;
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  ::getresuid(&real, &effective, &saved);
  const bool changed = real == user.uid && effective == user.uid &&
                       saved == user.uid && ::getgid() == user.gid &&
                       ::getegid() == user.gid &&
                       (user.uid == 0 || set_user(0) < 0);
  if (!changed) errno = EPERM;
  return changed;
}

// By the number 0, which is whoever writes it.
bool enter_group(const std::string& procs) {
  const int fd = ::open(procs.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool entered = ::write(fd, "0", 1) == 1;
  ::close(fd);
  return entered;
}

// All that a child needs until it is another program.
struct Launch {
  Program program;
  std::vector<char*> argv;
  std::vector<char*> env;
  std::string group_procs;
  ChildFds fds;
  rlimit nofile{};
  int outcome = -1;
  std::atomic<int> own_table{0};  // 1: the child's descriptors are its own
  // The kernel makes it 0, and wakes, when the child has left our memory: by
  // exec or by its end.
  std::atomic<pid_t> in_memory{1};
  alignas(64) std::array<char, size_t{32} << 10> stack;
};

void wake(std::atomic<int>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

// The keeper has thousands of descriptors: to copy them, and to close the
// copies at exec, takes longer than all the rest.
bool keep_own_table(int last) {
  return ::close_range(static_cast<unsigned>(last) + 1, ~0U,
                       CLOSE_RANGE_UNSHARE) == 0 ||
         ::unshare(CLONE_FILES) == 0;
}

[[noreturn]] void run_child(Launch& launch) {
  const Program& program = launch.program;
  ChildFds fds = launch.fds;
  int outcome = launch.outcome;
  // Without it no word can be said: the descriptors are still the keeper's.
  if (!keep_own_table(
          std::max({fds.in, fds.out, fds.err, fds.ipc, outcome, 3})))
    ::_exit(127);
  launch.own_table = 1;
  wake(launch.own_table);
  ::setsid();
  reset_oom_score();
  outcome = above_targets(outcome, outcome);
  fds.in = above_targets(fds.in, outcome);
  fds.out = above_targets(fds.out, outcome);
  fds.err = above_targets(fds.err, outcome);
  fds.ipc = above_targets(fds.ipc, outcome);
  place(fds.in, 0, outcome);
  place(fds.out, 1, outcome);
  place(fds.err, 2, outcome);
  if (fds.ipc >= 0)
    place(fds.ipc, 3, outcome);
  else
    ::close(3);
  if (program.pty && ::ioctl(0, TIOCSCTTY, 0) < 0)
    give_up(outcome, ExecFailure::Terminal);
  // Everything of ours is CLOEXEC; this is for what whoever started us left.
  ::close_range(4, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!launch.group_procs.empty() && !enter_group(launch.group_procs))
    give_up(outcome, ExecFailure::Group);
  ::setrlimit(RLIMIT_NOFILE, &launch.nofile);
  for (const auto& limit : program.limits) {
    const rlimit value{limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) < 0)
      give_up(outcome, ExecFailure::Limits);
  }
  ::umask(022);
  // Before the directory: it is the user who must be let in.
  if (program.user && !change_user(*program.user))
    give_up(outcome, ExecFailure::User);
  if (::chdir(program.cwd.c_str()) < 0) give_up(outcome, ExecFailure::Cwd);
  reset_signals();
  ::execve(program.path.c_str(), launch.argv.data(), launch.env.data());
  give_up(outcome, ExecFailure::Exec);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const auto& text : strings)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Low numbers for what a child is to have, so that its table can end there.
// While no child is being started, all are /dev/null.
class LowPlaces {
 public:
  LowPlaces() {
    if (null_ < 0) return;
    for (int& place : places_) place = ::fcntl(null_, F_DUPFD_CLOEXEC, 4);
  }
  // The same by low numbers, or as it is.
  int put(size_t at, int fd) {
    const bool put =
        fd >= 0 && places_[at] >= 0 && ::dup3(fd, places_[at], O_CLOEXEC) >= 0;
    return put ? places_[at] : fd;
  }
  void clear() {
    for (const int place : places_)
      if (place >= 0) ::dup3(null_, place, O_CLOEXEC);
  }

 private:
  const int null_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  std::array<int, 5> places_ = {-1, -1, -1, -1, -1};
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// They know threads and forks, and nothing between.
pid_t begin_child(std::unique_ptr<Launch> launch) {
  const pid_t pid = ::fork();
  if (pid == 0) run_child(*launch);
  return pid;
}
#else
// While `word` is `value`, for a moment at most; it may return early.
void wait_while(std::atomic<int>& word, int value,
                std::chrono::milliseconds most) {
  const timespec limit{.tv_sec = 0, .tv_nsec = most.count() * 1'000'000};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, value, &limit, nullptr, 0);
}

int enter_child(void* launch) {
  run_child(*static_cast<Launch*>(launch));
}

// As vfork(2): the child runs in our memory, on a stack of its own, until it is
// another program, for to copy an address space takes milliseconds in a virtual
// machine. But we wait for a moment only: a program or its directory may lie on
// a disk that hangs. (What a call of the child's then fails with could come out
// as our own errno, should it fail between a call of ours and our look at
// that.)
pid_t begin_child(std::unique_ptr<Launch> launch) {
  static std::vector<std::unique_ptr<Launch>> slow;
  std::erase_if(slow, [](const auto& one) { return one->in_memory == 0; });
  Launch& its = *launch;
  const pid_t pid =
      ::clone(enter_child, its.stack.data() + its.stack.size(),
              CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID | SIGCHLD, &its,
              nullptr, nullptr, reinterpret_cast<pid_t*>(&its.in_memory));
  if (pid < 0) return pid;
  constexpr std::chrono::milliseconds kLook{100};
  while (its.own_table == 0 && its.in_memory != 0)
    wait_while(its.own_table, 0, kLook);
  constexpr std::chrono::milliseconds kPatience{20};
  if (its.in_memory != 0) wait_while(its.in_memory, 1, kPatience);
  if (its.in_memory != 0) slow.push_back(std::move(launch));
  return pid;
}
#endif

}  // namespace

base::Result<Forked> fork_program(const Program& program, const ChildFds& fds,
                                  const rlimit& nofile) {
  auto outcome = base::fs::make_pipe();
  if (!outcome) return base::pass(std::move(outcome), "spawn");
  // The daemon's checks come from several threads.
  static std::mutex one_at_a_time;
  static LowPlaces places;
  auto launch = std::make_unique<Launch>();
  launch->program = program;
  launch->argv = pointers(launch->program.argv);
  launch->env = pointers(launch->program.env);
  if (!program.group.empty())
    launch->group_procs = program.group + "/cgroup.procs";
  const std::lock_guard lock(one_at_a_time);
  launch->fds.in = places.put(0, fds.in);
  launch->fds.out = places.put(1, fds.out);
  launch->fds.err = places.put(2, fds.err);
  launch->fds.ipc = places.put(3, fds.ipc);
  launch->outcome = places.put(4, outcome->write.get());
  launch->nofile = nofile;
  const pid_t pid = begin_child(std::move(launch));
  const int error = errno;
  places.clear();
  if (pid < 0) return base::fail(base::fs::errno_error(error, "fork", ""));
  return Forked{pid, std::move(outcome->read)};
}

}  // namespace keeper
