#include "daemon/exec_checks.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/json.h"
#include "base/units.h"
#include "keeper/spawn.h"

namespace daemon_ {
namespace {

constexpr size_t kMostOfOutput = 4096;
constexpr size_t kMostOfLine = 200;
constexpr rlim_t kOpenFiles = 1024;
constexpr int kReads = 16;

void kill_session(int pid) {
  if (pid <= 0) return;
  // The group of the same number is the session's first.
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
}

}  // namespace

ExecChecks::~ExecChecks() {
  for (const auto& [number, job] : jobs_) kill_session(job.pid);
}

uint64_t ExecChecks::begin(keeper::Program program,
                           std::chrono::milliseconds timeout, Done done) {
  const uint64_t number = next_++;
  Job& job = jobs_[number];
  job.done = std::move(done);
  job.timeout = timeout;
  auto pipe = base::fs::make_pipe();
  auto null = base::fs::open("/dev/null", O_RDONLY);
  if (!pipe || !null || !base::fs::set_nonblocking(pipe->read.get(), true)) {
    auto error = !pipe ? std::move(pipe.error()) : base::Error{};
    loop_.post([this, number, error = std::move(error)] {
      finish(number, base::fail(error));
    });
    return number;
  }
  job.read_end = std::move(pipe->read);
  // std::function wants copies; there is one owner all the same.
  auto out = std::make_shared<base::UniqueFd>(std::move(pipe->write));
  auto in = std::make_shared<base::UniqueFd>(std::move(*null));
  workers_.submit([this, number, program = std::move(program), in, out] {
    const rlimit files{kOpenFiles, kOpenFiles};
    auto forked = keeper::fork_program(
        program, {in->get(), out->get(), out->get(), -1}, files);
    auto result = std::make_shared<Forked>();
    if (forked) {
      result->pid = forked->pid;
      result->outcome = std::move(forked->outcome);
      result->pidfd.reset(
          static_cast<int>(::syscall(SYS_pidfd_open, forked->pid, 0)));
    } else {
      result->error = std::move(forked.error());
    }
    out->reset();
    loop_.post(
        [this, number, result] { on_forked(number, std::move(*result)); });
  });
  return number;
}

void ExecChecks::cancel(uint64_t number) {
  const auto it = jobs_.find(number);
  if (it == jobs_.end()) return;
  Job& job = it->second;
  job.cancelled = true;
  job.done = {};
  // Reaped when it has ended; not forked yet: killed as soon as it is.
  kill_session(job.pid);
}

void ExecChecks::on_forked(uint64_t number, Forked forked) {
  const auto it = jobs_.find(number);
  if (it == jobs_.end()) return;
  if (forked.pid == 0)
    return finish(number, base::fail(std::move(forked.error)));
  Job& job = it->second;
  job.pid = forked.pid;
  job.pidfd = std::move(forked.pidfd);
  job.outcome = std::move(forked.outcome);
  if (job.cancelled || !job.pidfd) kill_session(job.pid);
  if (!job.pidfd) {  // no descriptor left: its end is waited for here and now
    int status = 0;
    ::waitpid(job.pid, &status, 0);
    return finish(number, base::fail(base::Errc::Io, ::strerror(EMFILE)));
  }
  job.exit_watch = std::make_unique<base::FdWatch>(
      loop_, job.pidfd.get(), [this, number](int) { on_exit(number); });
  job.exit_watch->want(base::FdWatch::Readable);
  job.output_watch = std::make_unique<base::FdWatch>(
      loop_, job.read_end.get(), [this, number](int) { on_output(number); });
  job.output_watch->want(base::FdWatch::Readable);
  job.limit =
      std::make_unique<base::Timer>(loop_, [this, number] { on_late(number); });
  job.limit->start(job.timeout);
}

// All of it is read, or who writes would wait; the beginning is kept.
void ExecChecks::on_output(uint64_t number) {
  Job& job = jobs_.at(number);
  char chunk[4096];
  for (int reads = 0; reads < kReads; ++reads) {
    const auto n = base::fs::read(job.read_end.get(), chunk, "health check");
    if (!n && n.error().code == base::Errc::WouldBlock) return;
    if (!n || *n == 0) return job.output_watch->want(0);
    const size_t room = kMostOfOutput - job.output.size();
    job.output.append(chunk, std::min(*n, room));
  }
}

void ExecChecks::on_late(uint64_t number) {
  Job& job = jobs_.at(number);
  job.late = true;
  kill_session(job.pid);
}

void ExecChecks::on_exit(uint64_t number) {
  Job& job = jobs_.at(number);
  // What it left behind in its group is over too; before the number is free.
  kill_session(job.pid);
  int status = 0;
  if (::waitpid(job.pid, &status, WNOHANG) == 0) return;
  on_output(number);  // what it wrote last may not have been read yet
  keeper::ExecFailure failure;
  const bool failed =
      ::read(job.outcome.get(), &failure, sizeof failure) == sizeof failure;
  const auto said = last_line(job.output);
  const auto why = [&](std::string words) {
    if (!said.empty()) words += ": " + said;
    return base::fail(base::Errc::Unavailable, std::move(words));
  };
  if (failed)
    return finish(number, base::fail(base::Errc::Unavailable,
                                     fmt::format("could not be run: {}",
                                                 ::strerror(failure.error))));
  if (job.late)
    return finish(number, why(fmt::format("did not end within {}",
                                          base::exact_duration(job.timeout))));
  if (WIFSIGNALED(status))
    return finish(number, why(fmt::format("killed by SIG{}",
                                          ::sigabbrev_np(WTERMSIG(status)))));
  if (WEXITSTATUS(status) != 0)
    return finish(number,
                  why(fmt::format("exited with code {}", WEXITSTATUS(status))));
  finish(number, {});
}

void ExecChecks::finish(uint64_t number, base::Status status) {
  auto node = jobs_.extract(number);
  if (node && node.mapped().done) node.mapped().done(std::move(status));
}

std::string ExecChecks::last_line(std::string_view output) {
  while (!output.empty() && static_cast<unsigned char>(output.back()) <= ' ')
    output.remove_suffix(1);
  const auto newline = output.rfind('\n');
  if (newline != output.npos) output.remove_prefix(newline + 1);
  output = output.substr(0, kMostOfLine);
  return base::is_utf8(output) ? std::string(output) : std::string();
}

}  // namespace daemon_
