#include "support/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/fs.h"

namespace support {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> environment(const RunOptions& options) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto name = text.substr(0, text.find('='));
    if (name.starts_with("LODGE_")) continue;
    if (std::ranges::any_of(options.env,
                            [&](const auto& e) { return e.first == name; }))
      continue;
    result.emplace_back(text);
  }
  for (const auto& [name, value] : options.env)
    result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (auto& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

base::fs::Pipe pipe_or_fail() {
  auto pipe = base::fs::make_pipe();
  REQUIRE(pipe.has_value());
  return std::move(*pipe);
}

// A file, not a pipe: nobody has to feed it.
base::UniqueFd input_file(const std::string& text) {
  if (text.empty()) return base::UniqueFd(::open("/dev/null", O_RDONLY));
  base::UniqueFd fd(::memfd_create("input", MFD_CLOEXEC));
  REQUIRE(base::fs::write_all(fd.get(), text, "input").has_value());
  REQUIRE(::lseek(fd.get(), 0, SEEK_SET) == 0);
  return fd;
}

int milliseconds_left(Clock::time_point end) {
  const auto left = std::chrono::ceil<Millis>(end - Clock::now()).count();
  return static_cast<int>(std::max<int64_t>(left, 0));
}

}  // namespace

struct Child::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (pid > 0 && !reaped) {
      ::kill(-pid, SIGKILL);
      reap();
    }
    (void)::eventfd_write(stop.get(), 1);  // for `reader`, which is joined now
  }

  std::vector<std::string> argv;
  pid_t pid = -1;
  Clock::time_point started;
  base::UniqueFd pidfd;
  base::UniqueFd stop;
  mutable std::mutex mutex;
  std::string out;  // guarded by mutex
  std::string err;  // guarded by mutex
  bool reaped = false;
  Ran ran;
  base::UniqueFd drained;  // readable once both streams ended
  std::jthread reader;

  void read_streams(base::UniqueFd out_end, base::UniqueFd err_end) {
    pollfd fds[] = {{out_end.get(), POLLIN, 0},
                    {err_end.get(), POLLIN, 0},
                    {stop.get(), POLLIN, 0}};
    std::vector<char> chunk(65536);
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
      if (::poll(fds, 3, -1) < 0) continue;
      for (int i = 0; i < 2; ++i) {
        if (fds[i].revents == 0 || fds[i].fd < 0) continue;
        const ssize_t n = ::read(fds[i].fd, chunk.data(), chunk.size());
        if (n <= 0) {
          fds[i].fd = -1;
          continue;
        }
        const std::lock_guard lock(mutex);
        (i == 0 ? out : err).append(chunk.data(), static_cast<size_t>(n));
      }
      if (fds[2].revents != 0) return;
    }
    (void)::eventfd_write(drained.get(), 1);
  }

  bool readable_in(int fd, int timeout_ms) const {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, timeout_ms) > 0;
  }

  void reap() {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    ran.wall = std::chrono::duration_cast<Millis>(Clock::now() - started);
    if (WIFEXITED(status)) ran.exit = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ran.signal = WTERMSIG(status);
    reaped = true;
  }
};

Child::Child(std::vector<std::string> argv, const RunOptions& options)
    : impl_(std::make_unique<Impl>()) {
  REQUIRE(!argv.empty());
  impl_->argv = argv;
  auto env = environment(options);
  auto arguments = pointers(argv);
  auto variables = pointers(env);
  auto out = pipe_or_fail();
  auto err = pipe_or_fail();
  const auto input = input_file(options.input);
  impl_->started = Clock::now();
  impl_->pid = ::fork();
  REQUIRE(impl_->pid >= 0);
  if (impl_->pid == 0) {
    ::setpgid(0, 0);
    if (options.umask) ::umask(*options.umask);
    if (!options.cwd.empty() && ::chdir(options.cwd.c_str()) != 0) ::_exit(126);
    ::dup2(input.get(), 0);
    ::dup2(out.write.get(), 1);
    ::dup2(err.write.get(), 2);
    ::execvpe(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  ::setpgid(impl_->pid, impl_->pid);  // both do: whoever is first
  impl_->pidfd.reset(
      static_cast<int>(::syscall(SYS_pidfd_open, impl_->pid, 0)));
  impl_->stop.reset(::eventfd(0, EFD_CLOEXEC));
  impl_->drained.reset(::eventfd(0, EFD_CLOEXEC));
  impl_->reader = std::jthread(
      [impl = impl_.get()](base::UniqueFd out_end, base::UniqueFd err_end) {
        impl->read_streams(std::move(out_end), std::move(err_end));
      },
      std::move(out.read), std::move(err.read));
}

Child::~Child() = default;
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&&) noexcept = default;

pid_t Child::pid() const {
  return impl_->pid;
}

void Child::signal(int number) const {
  if (!impl_->reaped) ::kill(impl_->pid, number);
}

std::string Child::out() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->out;
}

std::string Child::err() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->err;
}

Ran Child::wait(Millis deadline) {
  if (!impl_->reaped) {
    const auto end = Clock::now() + deadline;
    if (!impl_->readable_in(impl_->pidfd.get(), milliseconds_left(end))) {
      impl_->ran.in_time = false;
      ::kill(-impl_->pid, SIGKILL);
    }
    impl_->reap();
  }
  constexpr int kGraceMs = 3000;
  impl_->ran.output_held = !impl_->readable_in(impl_->drained.get(), kGraceMs);
  impl_->ran.out = out();
  impl_->ran.err = err();
  return impl_->ran;
}

Ran run(std::vector<std::string> argv, const RunOptions& options) {
  const std::string words = command_line(argv);
  Child child(std::move(argv), options);
  Ran ran = child.wait(options.deadline);
  if (!ran.in_time)
    FAIL_CHECK("not done after ", options.deadline.count(), " ms: ", words,
               "\nstdout: ", ran.out, "\nstderr: ", ran.err);
  if (ran.output_held)
    FAIL_CHECK("left its stdout or stderr held open: ", words);
  return ran;
}

std::string command_line(const std::vector<std::string>& argv) {
  std::string text;
  for (const auto& word : argv) {
    if (!text.empty()) text += ' ';
    const bool plain =
        !word.empty() &&
        word.find_first_of(" \t\n'\"$*?;&|<>") == std::string::npos;
    text += plain ? word : "'" + word + "'";
  }
  return text;
}

}  // namespace support
