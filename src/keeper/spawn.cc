#include "keeper/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/fs.h"

namespace keeper {
namespace {

// From here to exec only async-signal-safe calls.

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

// Groups while we still may, the user last; and no way back is left.
bool change_user(const User& user) {
  if (::setgroups(user.groups.size(), user.groups.data()) < 0) return false;
  if (::setresgid(user.gid, user.gid, user.gid) < 0) return false;
  if (::setresuid(user.uid, user.uid, user.uid) < 0) return false;
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  ::getresuid(&real, &effective, &saved);
  const bool changed = real == user.uid && effective == user.uid &&
                       saved == user.uid && ::getgid() == user.gid &&
                       ::getegid() == user.gid &&
                       (user.uid == 0 || ::setresuid(0, 0, 0) < 0);
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

[[noreturn]] void run_child(const Program& program, char* const* argv,
                            char* const* env, const std::string& group_procs,
                            ChildFds fds, const rlimit& nofile, int outcome) {
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
  if (!group_procs.empty() && !enter_group(group_procs))
    give_up(outcome, ExecFailure::Group);
  ::setrlimit(RLIMIT_NOFILE, &nofile);
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
  ::execve(program.path.c_str(), argv, env);
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

}  // namespace

base::Result<Forked> fork_program(const Program& program, const ChildFds& fds,
                                  const rlimit& nofile) {
  auto outcome = base::fs::make_pipe();
  if (!outcome) return base::pass(std::move(outcome), "spawn");
  const auto argv = pointers(program.argv);
  const auto env = pointers(program.env);
  const std::string procs =
      program.group.empty() ? "" : program.group + "/cgroup.procs";
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::fs::errno_error(errno, "fork", ""));
  if (pid == 0)
    run_child(program, argv.data(), env.data(), procs, fds, nofile,
              outcome->write.get());
  return Forked{pid, std::move(outcome->read)};
}

}  // namespace keeper
