#include "base/temporary_dir.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/fs.h"

namespace base {
namespace {

std::string usual_parent() {
  const char* given = ::getenv("TMPDIR");
  if (given != nullptr && *given != '\0') return given;
  // Larger than /tmp, which may be memory.
  return ::access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void guard(UniqueFd alive, const std::string& path) {
  ::setsid();
  // Else who waits for the end of our output would wait for this child, too.
  if (::dup2(alive.get(), 0) == 0) ::close_range(1, ~0U, 0);
  (void)!::chdir("/");
  char byte;
  for (;;) {
    auto n = fs::read(0, {&byte, 1}, "guard");
    if (!n || *n == 0) break;
  }
  (void)remove_tree(path);
  ::_exit(0);
}

}  // namespace

Result<TemporaryDir> TemporaryDir::make(std::string_view name,
                                        const std::string& parent) {
  auto here = fs::current_dir();
  const std::string above = fs::absolute(
      parent.empty() ? usual_parent() : parent, here ? *here : "/");
  std::string path = fs::join(above, std::string(name) + fs::random_digits());
  auto pipe = fs::make_pipe();
  if (!pipe) return fail(std::move(pipe.error()));
  // Whoever breaks us off now must not end the child with us.
  ::sigset_t all;
  ::sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  const int number = errno;
  if (child == 0) {
    pipe->write.reset();
    guard(std::move(pipe->read), path);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return fail(fs::errno_error(number, "fork", path));
  if (auto made = fs::make_new_dir(path); !made) {
    // What is there is not ours to remove.
    ::kill(child, SIGKILL);
    reap(child);
    return fail(std::move(made.error()));
  }
  return TemporaryDir(std::move(path), std::move(pipe->write), child);
}

TemporaryDir::TemporaryDir(TemporaryDir&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      alive_(std::move(other.alive_)),
      guard_(std::exchange(other.guard_, -1)) {}

TemporaryDir::~TemporaryDir() {
  if (path_.empty()) return;
  (void)remove_tree(path_);
  alive_.reset();
  reap(guard_);
}

Status remove_tree(const std::string& path) {
  auto info = fs::link_stat(path);
  if (!info) {
    if (info.error().code == Errc::NotFound) return {};
    return fail(std::move(info.error()));
  }
  if (!S_ISDIR(info->st_mode)) return fs::unlink(path);
  auto names = fs::list_dir(path);
  if (!names) return fail(std::move(names.error()));
  for (const auto& name : *names)
    if (auto removed = remove_tree(fs::join(path, name)); !removed)
      return removed;
  return fs::remove_dir(path);
}

}  // namespace base
