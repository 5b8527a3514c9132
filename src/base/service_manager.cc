#include "base/service_manager.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>

#include "base/fs.h"

namespace base {
namespace {

Status send_words(const std::string& path, std::string_view words, int fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof address.sun_path)
    return fail(Errc::Invalid, path + ": no name of a notify socket");
  ::memcpy(address.sun_path, path.data(), path.size());
  const bool abstract = path.front() == '@';
  if (abstract) address.sun_path[0] = '\0';
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(fs::errno_error(errno, "socket", ""));
  iovec bytes{const_cast<char*>(words.data()), words.size()};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = static_cast<socklen_t>(
      offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    ::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  while (::sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return fail(fs::errno_error(errno, "notify", path));
  return {};
}

}  // namespace

Status tell_manager(const std::string& socket, std::string_view words) {
  return send_words(socket, words, -1);
}

Status wait_for_manager(const std::string& socket,
                        std::chrono::milliseconds most) {
  auto pipe = fs::make_pipe();
  if (!pipe) return pass(std::move(pipe), "notify");
  if (auto told = send_words(socket, "BARRIER=1", pipe->write.get()); !told)
    return told;
  pipe->write.reset();
  // It closes its copy when it comes to it.
  pollfd closed{pipe->read.get(), 0, 0};
  for (;;) {
    const int ready = ::poll(&closed, 1, static_cast<int>(most.count()));
    if (ready > 0) return {};
    if (ready == 0)
      return fail(Errc::Timeout, "notify: the service manager does not answer");
    if (errno != EINTR) return fail(fs::errno_error(errno, "poll", socket));
  }
}

}  // namespace base
