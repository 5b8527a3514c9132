#include "keeper/listener.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>

#include "base/fs.h"

namespace keeper {
namespace {

// sun_path holds 108 bytes; a home may be longer. /proc/self/fd/N/name names
// the same socket through an open directory.
struct Address {
  base::UniqueFd dir;
  sockaddr_un un{};
};

base::Result<Address> address_of(const base::Home& home) {
  Address address;
  auto dir = base::fs::open(home.root(), O_PATH | O_DIRECTORY);
  if (!dir) return base::fail(std::move(dir.error()));
  address.dir = std::move(*dir);
  address.un.sun_family = AF_UNIX;
  std::snprintf(address.un.sun_path, sizeof address.un.sun_path,
                "/proc/self/fd/%d/lodge.sock", address.dir.get());
  return address;
}

}  // namespace

base::Result<base::UniqueFd> listen_at(const base::Home& home) {
  auto address = address_of(home);
  if (!address) return base::fail(std::move(address.error()));
  if (auto gone = base::fs::unlink(home.socket()); !gone)
    return base::fail(std::move(gone.error()));
  base::UniqueFd fd(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return base::fail(base::fs::errno_error(errno, "socket", ""));
  // The mode comes from the umask (077): there is no moment at which another
  // user could connect.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address->un),
             sizeof address->un) < 0)
    return base::fail(base::fs::errno_error(errno, "bind", home.socket()));
  if (::listen(fd.get(), 4096) < 0)
    return base::fail(base::fs::errno_error(errno, "listen", home.socket()));
  return fd;
}

base::Result<base::UniqueFd> connect_to(const base::Home& home) {
  auto address = address_of(home);
  if (!address) {
    if (address.error().code == base::Errc::NotFound)
      return base::fail(base::Errc::Unavailable, "no daemon in " + home.root());
    return base::fail(std::move(address.error()));
  }
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail(base::fs::errno_error(errno, "socket", ""));
  int result = 0;
  do {
    result =
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address->un),
                  sizeof address->un);
  } while (result < 0 && errno == EINTR);
  if (result == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED)
    return base::fail(base::Errc::Unavailable, "no daemon in " + home.root());
  return base::fail(base::fs::errno_error(errno, "connect", home.socket()));
}

}  // namespace keeper
