#include "base/unix_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

#include "base/fs.h"

namespace base {
namespace {

constexpr int kQueue = 4096;

struct Address {
  UniqueFd dir;
  sockaddr_un un{};
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&un); }
};

Result<Address> address_of(const std::string& path) {
  Address address;
  auto dir = fs::open(fs::dir_name(path), O_PATH | O_DIRECTORY);
  if (!dir) return fail(std::move(dir.error()));
  address.dir = std::move(*dir);
  address.un.sun_family = AF_UNIX;
  const auto end = fmt::format_to_n(
      address.un.sun_path, sizeof address.un.sun_path - 1,
      "/proc/self/fd/{}/{}", address.dir.get(), fs::base_name(path));
  if (end.size >= sizeof address.un.sun_path)
    return fail(Errc::Invalid, path + ": too long a name for a socket");
  return address;
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path) {
  auto address = address_of(path);
  if (!address) return fail(std::move(address.error()));
  if (auto gone = fs::unlink(path); !gone) return fail(std::move(gone.error()));
  UniqueFd socket(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail(fs::errno_error(errno, "socket", ""));
  if (::bind(socket.get(), address->get(), sizeof address->un) < 0)
    return fail(fs::errno_error(errno, "bind", path));
  if (::listen(socket.get(), kQueue) < 0)
    return fail(fs::errno_error(errno, "listen", path));
  return socket;
}

Result<UniqueFd> connect_unix(const std::string& path, MonoTime deadline) {
  auto address = address_of(path);
  if (!address && address.error().code == Errc::NotFound)
    return fail(Errc::Unavailable, "nobody at " + path);
  if (!address) return fail(std::move(address.error()));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(fs::errno_error(errno, "socket", ""));
  // For a unix socket this is how long connect(2) waits for room in the queue.
  // Zero would mean for ever.
  const auto left = std::max(
      std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now()),
      Millis(1));
  const timeval limit{.tv_sec = left.count() / 1000,
                      .tv_usec = left.count() % 1000 * 1000};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  while (::connect(socket.get(), address->get(), sizeof address->un) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOENT || errno == ECONNREFUSED)
      return fail(Errc::Unavailable, "nobody at " + path);
    if (errno == EAGAIN)
      return fail(Errc::Timeout, "nobody accepts at " + path);
    return fail(fs::errno_error(errno, "connect", path));
  }
  return socket;
}

}  // namespace base
