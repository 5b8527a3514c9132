#pragma once
// The one door to the file system: every call that touches a disk or a
// descriptor goes through here, so that errors carry a path and a reason, EINTR
// is handled once, everything is born CLOEXEC, and faults can be injected
// (failpoint.h). Thread-safe; blocking.

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace base::fs {

// "open /x/y: No such file or directory", with Errc chosen from `number`.
Error errno_error(int number, std::string_view call, std::string_view what);

// `flags` as open(2); O_CLOEXEC and O_NOCTTY are added.
Result<UniqueFd> open(const std::string& path, int flags, mode_t mode = 0600);

// One read(2), EINTR retried. 0 = end of file; Errc::WouldBlock = nothing now.
Result<size_t> read(int fd, std::span<char> into, std::string_view what);
Result<size_t> pread(int fd, std::span<char> into, uint64_t offset,
                     std::string_view what);

// The kernel may read ahead. A hint: it fails silently.
void expect_sequential(int fd);

// One write(2), EINTR retried; may write less than asked.
Result<size_t> write_some(int fd, std::string_view bytes,
                          std::string_view what);
// Blocks until a descriptor that is not blocking takes bytes, or fails.
void wait_writable(int fd);
// All of it, or an error; how much was written is then unknown.
Status write_all(int fd, std::string_view bytes, std::string_view what);

// A failed fsync is final for that file: the kernel may have dropped the pages.
Status fsync(int fd, std::string_view what);
Status fsync_dir(const std::string& dir);
Status close(UniqueFd fd, std::string_view what);

Status rename(const std::string& from, const std::string& to);
// The same, but never over a file that is there: Errc::Exists. Where the file
// system can't promise that in one step, `from` has both names for a moment.
Status rename_noreplace(const std::string& from, const std::string& to);
// Another name for the file.
Status link(const std::string& path, const std::string& name);
// A missing file is no error: it is already so.
Status unlink(const std::string& path);
// Makes one directory, 0700; an existing one is no error.
Status make_dir(const std::string& path);
// ... and those above it that are missing.
Status make_dirs(const std::string& path);
// Makes one, 0700, that was not there: Errc::Exists.
Status make_new_dir(const std::string& path);
// An empty one; a missing one is no error.
Status remove_dir(const std::string& path);
Status set_mode(const std::string& path, mode_t mode);
// The time of last change that stat tells.
Status set_modified(int fd, const struct ::timespec& time,
                    std::string_view what);
Status truncate(int fd, uint64_t size, std::string_view what);

Result<struct ::stat> stat(const std::string& path);
Result<struct ::stat> fstat(int fd, std::string_view what);
// The same of the link itself, when it is one.
Result<struct ::stat> link_stat(const std::string& path);
bool exists(const std::string& path);
// Of the file system that `path` is on.
struct Space {
  uint64_t total = 0;  // bytes
  uint64_t free = 0;   // for us
};
Result<Space> space(const std::string& path);
// Names without "." and "..", sorted.
Result<std::vector<std::string>> list_dir(const std::string& path);

// The whole file; more than `limit` bytes is an error, not a short answer.
Result<std::string> read_file(const std::string& path,
                              size_t limit = size_t{64} << 20);
// The same of what is open, a pipe for example. Blocks until its end.
Result<std::string> read_to_end(int fd, std::string_view what,
                                size_t limit = size_t{64} << 20);

// Durable replacement of a small file: temporary (0600, O_EXCL, named
// `.<name>.tmp-<random>` beside it), fsync, rename, fsync of the directory.
// After a crash the path holds the old bytes or the new ones, whole.
Status replace_file(const std::string& path, std::string_view contents);

// The same for a file that must not be there yet, else Errc::Exists: of several
// who try at once, one makes it.
Status create_file(const std::string& path, std::string_view contents);

// Leftovers of replace_file and its like.
bool is_temporary(std::string_view name);
std::string temporary_name(std::string_view name);
std::string random_digits();  // 16, hexadecimal

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
Result<Pipe> make_pipe();  // both ends CLOEXEC, blocking
Status set_nonblocking(int fd, bool on);
// How many bytes a pipe can hold, and how many wait in it now.
Result<size_t> pipe_capacity(int fd);
Result<size_t> bytes_waiting(int fd);
// Copies what a pipe holds first into another pipe, without taking it.
Result<size_t> tee(int from, int to, size_t most);
// At least `size`; returns what it is then. Fails at the user's pipe quota.
Result<size_t> set_pipe_capacity(int fd, size_t size);
// Another descriptor of the same open file, CLOEXEC.
Result<UniqueFd> duplicate(int fd);
// Whether the next exec of this process leaves it open.
Status set_inheritable(int fd, bool on);
Status set_owner(int fd, uid_t uid, gid_t gid);
// Where a symbolic link leads.
Result<std::string> read_link(const std::string& path);

// Holds flock(2) on `path` for as long as the returned descriptor lives.
// Errc::WouldBlock when another process holds it.
Result<UniqueFd> try_lock(const std::string& path);
// Holds a shared one on what is open, until it is closed. Errc::WouldBlock when
// somebody has it for himself.
Status lock_shared(int fd, std::string_view what);
// Whether somebody else holds one, of either kind.
bool is_locked(int fd);

std::string dir_name(const std::string& path);
std::string base_name(std::string_view path);
std::string join(std::string_view dir, std::string_view name);
// Path made absolute against `dir`, "." and ".." folded; links untouched.
std::string absolute(std::string_view path, std::string_view dir);
Result<std::string> current_dir();

}  // namespace base::fs
