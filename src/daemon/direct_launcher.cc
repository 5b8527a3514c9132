#include "daemon/direct_launcher.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/fs.h"
#include "daemon/child_ends.h"
#include "daemon/limits.h"
#include "daemon/notify_socket.h"

namespace daemon_ {
namespace {

constexpr std::chrono::milliseconds kDrainLimit{1000};

}  // namespace

DirectLauncher::DirectLauncher(
    base::EventLoop& loop, const base::Clock& clock, const rlimit& nofile,
    Users& users, supervisor::Cgroups& groups, Output output,
    std::function<supervisor::Supervisor&()> supervisor)
    : loop_(loop),
      clock_(clock),
      nofile_(nofile),
      output_(std::move(output)),
      supervisor_(std::move(supervisor)),
      users_(users),
      groups_(groups),
      child_watch_(loop, SIGCHLD, [this] { reap(); }) {}

base::Status DirectLauncher::launch(const supervisor::Life& life,
                                    const config::AppSpec& spec,
                                    const supervisor::LaunchPlan& plan) {
  auto as = users_.resolve(spec.uid, spec.gid);
  if (!as) return base::fail(std::move(as.error()));
  const bool relayed = output_.relay != nullptr;
  auto ends =
      make_child_ends({.ipc = plan.ipc, .out = relayed, .err = relayed});
  if (!ends) return base::pass(std::move(ends), "start");
  keeper::Program program{plan.path, plan.argv, plan.env, plan.cwd, {}, false};
  NotifySocket notify;
  if (spec.wait_ready) {
    auto made = make_notify_socket();
    if (!made) return base::pass(std::move(made), "start");
    notify = std::move(*made);
    set_variable(program.env, "NOTIFY_SOCKET", notify.name);
  }
  if (spec.keep.limits != config::Limits{}) {
    auto limits = plan_limits(spec.keep.limits, groups_.controllers());
    program.limits = std::move(limits.process);
    auto group = groups_.make(life.id, life.generation, limits.group);
    if (!group) return base::fail(std::move(group.error()));
    program.group = std::move(*group);
  }
  if (*as) {
    program.user = (*as)->user;
    set_user(program.env, **as);
    if (auto given = give_to(*ends, *program.user); !given)
      return base::pass(std::move(given), "start");
  }
  // Not a pipe that nobody writes: what reads its stdin is to see the end.
  base::UniqueFd null;
  if (!output_.stdin_too) {
    auto opened = base::fs::open("/dev/null", O_RDONLY);
    if (!opened) return base::fail(std::move(opened.error()));
    null = std::move(*opened);
  }
  const keeper::ChildFds fds{
      .in = output_.stdin_too ? STDIN_FILENO : null.get(),
      .out = relayed ? ends->out.childs.get() : STDOUT_FILENO,
      .err = relayed ? ends->err.childs.get() : STDERR_FILENO,
      .ipc = ends->ipc.childs ? ends->ipc.childs.get() : -1};
  std::array<base::UniqueFd, 2> copies;
  if (relayed && output_.copy) {
    using enum store::Stream;
    for (const auto stream : {Out, Error}) {
      auto copy = output_.copy(life, spec, stream);
      if (!copy) return base::fail(std::move(copy.error()));
      copies[stream == Out ? 0 : 1] = std::move(*copy);
    }
  }
  auto forked = keeper::fork_program(program, fds, nofile_);
  if (!forked) return base::fail(std::move(forked.error()));
  if (relayed) {
    const auto prefix = output_.prefix(life);
    output_.relay->add(life.slot, {std::move(ends->out.ours), STDOUT_FILENO,
                                   prefix, std::move(copies[0])});
    output_.relay->add(life.slot, {std::move(ends->err.ours), STDERR_FILENO,
                                   prefix, std::move(copies[1])});
  }
  const int pid = forked->pid;
  Child& child = children_[pid];
  child.slot = life.slot;
  child.outcome = std::move(forked->outcome);
  child.ipc = std::move(ends->ipc.ours);
  child.notify = std::move(notify.fd);
  child.watch = std::make_unique<base::FdWatch>(
      loop_, child.outcome.get(), [this, pid](int) {
        const auto it = children_.find(pid);
        if (it != children_.end()) exec_known(pid, it->second);
      });
  child.watch->want(base::FdWatch::Readable);
  return {};
}

// Its exec has succeeded: then nothing is to be read. Or it says why not.
void DirectLauncher::exec_known(int pid, Child& child) {
  if (!child.outcome) return;
  keeper::ExecFailure failure;
  std::array<char, sizeof failure> bytes{};
  const auto n = base::fs::read(child.outcome.get(), bytes, "exec");
  child.watch.reset();
  child.outcome.reset();
  child.failed = n && *n == sizeof failure;
  if (child.failed) {
    std::memcpy(&failure, bytes.data(), sizeof failure);
    supervisor_().on_spawned(child.slot, 0, {}, failure.error, failure.step);
    return;
  }
  base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  supervisor_().on_spawned(child.slot, pid, std::move(pidfd), 0, 0);
  // Not before: who says what is judged by whose process it is.
  const auto watch = [this](int fd, std::function<void()> heard) {
    auto made = std::make_unique<base::FdWatch>(
        loop_, fd, [heard = std::move(heard)](int) { heard(); });
    made->want(base::FdWatch::Readable);
    return made;
  };
  if (child.ipc)
    child.ipc_watch = watch(child.ipc.get(), [this, pid] { on_ipc(pid); });
  if (child.notify)
    child.notify_watch =
        watch(child.notify.get(), [this, pid] { on_notify(pid); });
}

// Everything is read: a full socket would make the app wait.
void DirectLauncher::on_ipc(int pid) {
  Child& child = children_.at(pid);
  char chunk[4096];
  const auto n = base::fs::read(child.ipc.get(), chunk, "ipc");
  if (n && *n > 0) {
    if (child.ipc_reader.feed({chunk, *n}))
      supervisor_().on_ready_word(child.slot);
  } else if (n || n.error().code != base::Errc::WouldBlock) {
    child.ipc_watch->want(0);
  }
}

void DirectLauncher::on_notify(int pid) {
  Child& child = children_.at(pid);
  const auto said = receive_datagram(child.notify.get());
  if (said)
    supervisor_().on_notice(child.slot, said->pid,
                            supervisor::parse_notice(said->text));
  else if (said.error().code != base::Errc::WouldBlock)
    child.notify_watch->want(0);
}

bool DirectLauncher::send_message(uint64_t slot, std::string_view json) {
  for (const auto& [pid, child] : children_)
    if (child.slot == slot && child.ipc)
      return send_line(child.ipc.get(), json);
  return false;
}

void DirectLauncher::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    const auto it = children_.find(pid);
    if (it == children_.end()) continue;  // an orphan that came to us
    exec_known(pid, it->second);          // it may be quicker than its news
    const Child child = std::move(it->second);
    children_.erase(it);
    if (!child.failed) exited(child.slot, {status, true, clock_.now()});
  }
}

// The last lines first, then the exit.
void DirectLauncher::exited(uint64_t slot, const supervisor::ExitNews& news) {
  if (!output_.drain) return supervisor_().on_exited(slot, news);
  auto limit =
      std::make_unique<base::Timer>(loop_, [this, slot] { tell_exit(slot); });
  limit->start(kDrainLimit);
  ended_.insert_or_assign(slot, Ended{news, std::move(limit)});
  output_.drain(slot, [this, slot] { tell_exit(slot); });
}

void DirectLauncher::tell_exit(uint64_t slot) {
  const auto ended = ended_.extract(slot);
  if (ended) supervisor_().on_exited(slot, ended.mapped().news);
}

void DirectLauncher::signal_all(int signal) const {
  for (const auto& [pid, child] : children_) ::kill(pid, signal);
}

}  // namespace daemon_
