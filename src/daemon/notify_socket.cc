#include "daemon/notify_socket.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/fs.h"

namespace daemon_ {
namespace {

constexpr size_t kMostOfText = 4096;
constexpr size_t kMostFds = 64;  // more of them are lost, and closed with that

}  // namespace

base::Result<base::UniqueFd> bind_notify_socket(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || name[0] != '@' ||
      name.size() > sizeof address.sun_path)
    return base::fail(base::Errc::Invalid, name + ": no name of a socket");
  std::memcpy(address.sun_path, name.data(), name.size());
  address.sun_path[0] = '\0';
  base::UniqueFd fd(
      ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail(base::fs::errno_error(errno, "socket", name));
  const int on = 1;
  // Before there is a name: no datagram comes without its sender.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
    return base::fail(base::fs::errno_error(errno, "setsockopt", name));
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0)
    return base::fail(base::fs::errno_error(errno, "bind", name));
  return fd;
}

base::Result<NotifySocket> make_notify_socket() {
  uint64_t chance = 0;
  if (::getrandom(&chance, sizeof chance, 0) != sizeof chance)
    return base::fail(base::fs::errno_error(errno, "getrandom", ""));
  NotifySocket made;
  made.name = fmt::format("@lodge/{:016x}/notify", chance);
  auto fd = bind_notify_socket(made.name);
  if (!fd) return base::fail(std::move(fd.error()));
  made.fd = std::move(*fd);
  return made;
}

base::Result<Datagram> receive_datagram(int socket) {
  char text[kMostOfText];
  iovec part{text, sizeof text};
  alignas(cmsghdr) char
      control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int) * kMostFds)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0)
    return base::fail(base::fs::errno_error(errno, "receive", "notify socket"));
  Datagram datagram;
  datagram.text.assign(text, static_cast<size_t>(size));
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr;
       one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET) continue;
    if (one->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(one), sizeof sender);
      datagram.pid = sender.pid;
    }
    if (one->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof fd);
      base::UniqueFd closed(fd);
    }
  }
  return datagram;
}

}  // namespace daemon_
