// Locks of whole files, flock(2): an open description's, gone with its last
// descriptor.

#include <sys/file.h>

#include <cerrno>

#include "base/fs.h"

namespace base::fs {

Result<UniqueFd> try_lock(const std::string& path) {
  auto fd = open(path, O_RDWR | O_CREAT);
  if (!fd) return fail(std::move(fd.error()));
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) < 0)
    return fail(errno_error(errno, "lock", path));
  return std::move(*fd);
}

Status lock_shared(int fd, std::string_view what) {
  if (::flock(fd, LOCK_SH | LOCK_NB) < 0)
    return fail(errno_error(errno, "lock", what));
  return {};
}

bool is_locked(int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) < 0) return errno == EWOULDBLOCK;
  (void)::flock(fd, LOCK_UN);
  return false;
}

}  // namespace base::fs
