#include "keeper/protocol.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "base/fs.h"

namespace keeper {

base::UniqueFd Frame::take(Role role) {
  for (auto& entry : fds)
    if (entry.role == role) return std::move(entry.fd);
  return {};
}

base::Status send_frame(int socket, FrameHeader header, std::string_view body,
                        std::span<const RoleFdRef> fds) {
  if (body.size() > kMaxBody || fds.size() > kMaxFds)
    return base::fail(base::Errc::Invalid, "keeper: frame too large");
  header.body_size = static_cast<uint16_t>(body.size());
  header.fd_count = static_cast<uint32_t>(fds.size());
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)] = {};
  iovec parts[2] = {{&header, sizeof header},
                    {const_cast<char*>(body.data()), body.size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* attached = CMSG_FIRSTHDR(&message);
    attached->cmsg_level = SOL_SOCKET;
    attached->cmsg_type = SCM_RIGHTS;
    attached->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    for (size_t i = 0; i < fds.size(); ++i) {
      header.roles[i] = fds[i].role;
      std::memcpy(CMSG_DATA(attached) + i * sizeof(int), &fds[i].fd,
                  sizeof(int));
    }
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
      return {};
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
      return base::fail(base::Errc::Unavailable, "keeper: peer is gone");
    return base::fail(base::fs::errno_error(errno, "send", "keeper channel"));
  }
}

base::Result<Frame> receive_frame(int socket) {
  Frame frame;
  char body[kMaxBody];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)];
  iovec parts[2] = {{&frame.header, sizeof frame.header}, {body, sizeof body}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size == 0 || (size < 0 && errno == ECONNRESET))
    return base::fail(base::Errc::Unavailable, "keeper: peer is gone");
  if (size < 0)
    return base::fail(
        base::fs::errno_error(errno, "receive", "keeper channel"));
  // Descriptors first: whatever is wrong with the frame, none may leak.
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
      continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      const size_t at = frame.fds.size();
      frame.fds.push_back({at < kMaxFds ? frame.header.roles[at] : Role::None,
                           base::UniqueFd(fd)});
    }
  }
  const auto& header = frame.header;
  const auto received = static_cast<size_t>(size);
  if (received < sizeof header || header.magic != FrameHeader{}.magic)
    return base::fail(base::Errc::Invalid, "keeper: not a frame of ours");
  if (header.major != kMajor)
    return base::fail(base::Errc::Invalid,
                      "keeper: speaks version " + std::to_string(header.major) +
                          ", not " + std::to_string(kMajor),
                      "end the older one: lodge kill");
  frame.truncated = (message.msg_flags & MSG_CTRUNC) != 0;
  if (received != sizeof header + header.body_size ||
      (header.fd_count != frame.fds.size() && !frame.truncated))
    return base::fail(base::Errc::Invalid, "keeper: damaged frame");
  frame.body.assign(body, header.body_size);
  return frame;
}

}  // namespace keeper
