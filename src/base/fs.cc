#include "base/fs.h"

#include <dirent.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "base/failpoint.h"

namespace base::fs {
namespace {

Errc code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Errc::NotFound;
    case EEXIST:
      return Errc::Exists;
    case EAGAIN:
      return Errc::WouldBlock;
    case EACCES:
    case EPERM:
      return Errc::Denied;
    default:
      return Errc::Io;
  }
}

// Runs a system call until it is not interrupted, asking the failpoints before
// each try, so that an injected EINTR is retried like a real one.
template <class Call>
auto retry(std::string_view op, std::string_view what, Call call,
           std::string_view from = {}) {
  for (;;) {
    if (failpoint::enabled()) {
      const auto verdict = failpoint::consult(op, what, from);
      if (verdict.error != 0) {
        errno = verdict.error;
        if (errno == EINTR) continue;
        return decltype(call()){-1};
      }
    }
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

Status done(int result, std::string_view call, std::string_view what) {
  if (result < 0) return fail(errno_error(errno, call, what));
  return {};
}

}  // namespace

Error errno_error(int number, std::string_view call, std::string_view what) {
  std::string message(call);
  if (!what.empty()) message.append(" ").append(what);
  message.append(": ").append(std::strerror(number));
  return Error{code_of(number), number, std::move(message), {}};
}

Result<UniqueFd> open(const std::string& path, int flags, mode_t mode) {
  const int fd = retry("open", path, [&] {
    return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode);
  });
  if (fd < 0) return fail(errno_error(errno, "open", path));
  return UniqueFd(fd);
}

Result<size_t> read(int fd, std::span<char> into, std::string_view what) {
  const ssize_t n =
      retry("read", what, [&] { return ::read(fd, into.data(), into.size()); });
  if (n < 0) return fail(errno_error(errno, "read", what));
  return static_cast<size_t>(n);
}

Result<size_t> pread(int fd, std::span<char> into, uint64_t offset,
                     std::string_view what) {
  const ssize_t n = retry("read", what, [&] {
    return ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
  });
  if (n < 0) return fail(errno_error(errno, "read", what));
  return static_cast<size_t>(n);
}

Result<size_t> write_some(int fd, std::string_view bytes,
                          std::string_view what) {
  size_t size = bytes.size();
  for (;;) {
    if (failpoint::enabled()) {
      const auto verdict =
          failpoint::consult("write", what, std::to_string(size));
      if (verdict.error == EINTR) continue;
      if (verdict.error != 0)
        return fail(errno_error(verdict.error, "write", what));
      if (verdict.half && size > 1) size /= 2;
    }
    const ssize_t n = ::write(fd, bytes.data(), size);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return fail(errno_error(errno, "write", what));
  }
}

void expect_sequential(int fd) {
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

void wait_writable(int fd) {
  pollfd poll_fd{fd, POLLOUT, 0};
  while (::poll(&poll_fd, 1, -1) < 0 && errno == EINTR) {
  }
}

Status write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    auto n = write_some(fd, bytes, what);
    if (!n) return fail(std::move(n.error()));
    bytes.remove_prefix(*n);
  }
  return {};
}

Status fsync(int fd, std::string_view what) {
  return done(retry("fsync", what, [&] { return ::fsync(fd); }), "fsync", what);
}

Status fsync_dir(const std::string& dir) {
  auto fd = open(dir, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail(std::move(fd.error()));
  return fsync(fd->get(), dir);
}

Status close(UniqueFd fd, std::string_view what) {
  // Not retried on EINTR: on Linux the descriptor is gone either way.
  return done(::close(fd.release()), "close", what);
}

Status rename(const std::string& from, const std::string& to) {
  const int result = retry(
      "rename", to, [&] { return ::rename(from.c_str(), to.c_str()); }, from);
  return done(result, "rename", from + " to " + to);
}

Status rename_noreplace(const std::string& from, const std::string& to) {
  const int result = retry(
      "rename", to,
      [&] {
        return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                           RENAME_NOREPLACE);
      },
      from);
  if (result == 0 || (errno != EINVAL && errno != ENOSYS))
    return done(result, "rename", from + " to " + to);
  // link(2) refuses a name that is taken on every file system.
  auto linked = link(from, to);
  return linked ? unlink(from) : linked;
}

Status link(const std::string& path, const std::string& name) {
  const int result = retry(
      "link", name, [&] { return ::link(path.c_str(), name.c_str()); }, path);
  return done(result, "link", path + " to " + name);
}

Status unlink(const std::string& path) {
  const int result =
      retry("unlink", path, [&] { return ::unlink(path.c_str()); });
  if (result < 0 && errno == ENOENT) return {};
  return done(result, "unlink", path);
}

Status make_dir(const std::string& path) {
  const int result =
      retry("mkdir", path, [&] { return ::mkdir(path.c_str(), 0700); });
  if (result < 0 && errno == EEXIST) {
    auto info = stat(path);
    if (info && S_ISDIR(info->st_mode)) return {};
    errno = ENOTDIR;
  }
  return done(result, "mkdir", path);
}

Status make_dirs(const std::string& path) {
  auto made = make_dir(path);
  if (made || made.error().code != Errc::NotFound) return made;
  const std::string parent = dir_name(path);
  if (parent == path) return made;
  auto above = make_dirs(parent);
  return above ? make_dir(path) : above;
}

Status make_new_dir(const std::string& path) {
  return done(retry("mkdir", path, [&] { return ::mkdir(path.c_str(), 0700); }),
              "mkdir", path);
}

Status remove_dir(const std::string& path) {
  const int result = ::rmdir(path.c_str());
  if (result < 0 && errno == ENOENT) return {};
  return done(result, "rmdir", path);
}

Status set_mode(const std::string& path, mode_t mode) {
  return done(::chmod(path.c_str(), mode), "chmod", path);
}

Status set_modified(int fd, const struct ::timespec& time,
                    std::string_view what) {
  const struct ::timespec times[2] = {{0, UTIME_OMIT}, time};
  return done(::futimens(fd, times), "utimens", what);
}

Status truncate(int fd, uint64_t size, std::string_view what) {
  return done(retry(
                  "truncate", what,
                  [&] { return ::ftruncate(fd, static_cast<off_t>(size)); },
                  failpoint::enabled() ? std::to_string(size) : std::string()),
              "truncate", what);
}

Result<struct ::stat> stat(const std::string& path) {
  struct ::stat info;
  if (::stat(path.c_str(), &info) < 0)
    return fail(errno_error(errno, "stat", path));
  return info;
}

Result<struct ::stat> link_stat(const std::string& path) {
  struct ::stat info;
  if (::lstat(path.c_str(), &info) < 0)
    return fail(errno_error(errno, "stat", path));
  return info;
}

Result<Space> space(const std::string& path) {
  struct ::statvfs info;
  if (::statvfs(path.c_str(), &info) < 0)
    return fail(errno_error(errno, "statvfs", path));
  return Space{uint64_t{info.f_blocks} * info.f_frsize,
               uint64_t{info.f_bavail} * info.f_frsize};
}

Result<struct ::stat> fstat(int fd, std::string_view what) {
  struct ::stat info;
  if (::fstat(fd, &info) < 0) return fail(errno_error(errno, "stat", what));
  return info;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<std::vector<std::string>> list_dir(const std::string& path) {
  DIR* const dir = ::opendir(path.c_str());
  if (dir == nullptr) return fail(errno_error(errno, "open", path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  // O_NONBLOCK: a FIFO in place of a file must not hang us.
  auto fd = open(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return fail(std::move(fd.error()));
  auto info = fstat(fd->get(), path);
  if (!info) return fail(std::move(info.error()));
  // /proc files are regular, with size 0.
  if (!S_ISREG(info->st_mode))
    return fail(Errc::Invalid, "read " + path + ": not a regular file");
  return read_to_end(fd->get(), path, limit);
}

Result<std::string> read_to_end(int fd, std::string_view what, size_t limit) {
  std::string contents;
  char chunk[16384];
  for (;;) {
    auto n = read(fd, chunk, what);
    if (!n) return fail(std::move(n.error()));
    if (*n == 0) return contents;
    contents.append(chunk, *n);
    if (contents.size() > limit)
      return fail(Errc::Invalid, "read " + std::string(what) +
                                     ": larger than " + std::to_string(limit) +
                                     " bytes");
  }
}

bool is_temporary(std::string_view name) {
  return name.starts_with('.') && name.find(".tmp-") != name.npos;
}

std::string random_digits() {
  uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random)
    random = static_cast<uint64_t>(::getpid());
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(random));
  return digits;
}

std::string temporary_name(std::string_view name) {
  return "." + std::string(name) + ".tmp-" + random_digits();
}

namespace {

// Writes `contents` durably to a temporary beside `path`, lets `put` give it
// its name, and makes that durable. No temporary is left, whatever fails.
template <class Put>
Status put_file(const std::string& path, std::string_view contents, Put put) {
  const std::string dir = dir_name(path);
  const std::string temporary = join(dir, temporary_name(base_name(path)));
  auto fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (!fd) return fail(std::move(fd.error()));
  Status status = write_all(fd->get(), contents, temporary);
  // fsync before rename: else a power cut could leave the new name on no data.
  if (status) status = fsync(fd->get(), temporary);
  if (status) status = close(std::move(*fd), temporary);
  if (status) status = put(temporary);
  if (!status) {
    (void)unlink(temporary);
    return status;
  }
  return fsync_dir(dir);
}

}  // namespace

Status replace_file(const std::string& path, std::string_view contents) {
  return put_file(path, contents, [&](const std::string& temporary) {
    return rename(temporary, path);
  });
}

Status create_file(const std::string& path, std::string_view contents) {
  return put_file(path, contents, [&](const std::string& temporary) {
    const int result = retry(
        "link", path, [&] { return ::link(temporary.c_str(), path.c_str()); },
        temporary);
    Status linked = done(result, "create", path);
    if (linked) linked = unlink(temporary);
    return linked;
  });
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail(errno_error(errno, "pipe", ""));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Status set_nonblocking(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail(errno_error(errno, "fcntl", ""));
  const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted == flags) return {};
  return done(::fcntl(fd, F_SETFL, wanted), "fcntl", "");
}

Result<size_t> pipe_capacity(int fd) {
  const int size = ::fcntl(fd, F_GETPIPE_SZ);
  if (size < 0) return fail(errno_error(errno, "fcntl", "pipe"));
  return static_cast<size_t>(size);
}

Result<size_t> bytes_waiting(int fd) {
  int waiting = 0;
  if (::ioctl(fd, FIONREAD, &waiting) < 0)
    return fail(errno_error(errno, "ioctl", "pipe"));
  return static_cast<size_t>(waiting);
}

Result<size_t> tee(int from, int to, size_t most) {
  for (;;) {
    const ssize_t n = ::tee(from, to, most, SPLICE_F_NONBLOCK);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return fail(errno_error(errno, "tee", "pipe"));
  }
}

Result<size_t> set_pipe_capacity(int fd, size_t size) {
  const int now = ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(size));
  if (now < 0) return fail(errno_error(errno, "fcntl", "pipe"));
  return static_cast<size_t>(now);
}

Result<UniqueFd> duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail(errno_error(errno, "dup", ""));
  return UniqueFd(copy);
}

Status set_inheritable(int fd, bool on) {
  if (::fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC) < 0)
    return fail(errno_error(errno, "fcntl", "descriptor"));
  return {};
}

Status set_owner(int fd, uid_t uid, gid_t gid) {
  if (::fchown(fd, uid, gid) < 0)
    return fail(errno_error(errno, "chown", "descriptor"));
  return {};
}

Result<std::string> read_link(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t n = ::readlink(path.c_str(), target.data(), target.size());
  if (n < 0) return fail(errno_error(errno, "readlink", path));
  target.resize(static_cast<size_t>(n));
  return target;
}

Result<std::string> current_dir() {
  char buffer[4096];
  if (::getcwd(buffer, sizeof buffer) == nullptr && errno == ENOENT)
    return fail(Errc::NotFound, "the current directory is gone",
                "go to one that is there");
  if (::getcwd(buffer, sizeof buffer) == nullptr)
    return fail(errno_error(errno, "getcwd", ""));
  return std::string(buffer);
}

}  // namespace base::fs
