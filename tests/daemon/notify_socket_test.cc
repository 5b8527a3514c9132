// The socket that apps speak sd_notify to.
#include "daemon/notify_socket.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/fs.h"

using daemon_::receive_datagram;

namespace {

base::UniqueFd sender_to(const std::string& name) {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  address.sun_path[0] = '\0';
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                    static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                           name.size())) == 0);
  return fd;
}

}  // namespace

TEST_CASE("a datagram comes with the process that sent it") {
  auto socket = daemon_::make_notify_socket();
  REQUIRE(socket);
  CHECK(socket->name.starts_with("@lodge/"));
  const auto empty = receive_datagram(socket->fd.get());
  REQUIRE_FALSE(empty);
  CHECK(empty.error().code == base::Errc::WouldBlock);
  const auto sender = sender_to(socket->name);
  REQUIRE(::send(sender.get(), "READY=1", 7, 0) == 7);
  const auto got = receive_datagram(socket->fd.get());
  REQUIRE(got);
  CHECK(got->text == "READY=1");
  CHECK(got->pid == ::getpid());
}

TEST_CASE("descriptors that come along are closed: a barrier is answered") {
  auto socket = daemon_::make_notify_socket();
  REQUIRE(socket);
  auto pipe = base::fs::make_pipe();
  REQUIRE(pipe);
  const auto sender = sender_to(socket->name);
  char text[] = "BARRIER=1";
  iovec part{text, sizeof text - 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* attached = CMSG_FIRSTHDR(&message);
  attached->cmsg_level = SOL_SOCKET;
  attached->cmsg_type = SCM_RIGHTS;
  attached->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = pipe->write.get();
  std::memcpy(CMSG_DATA(attached), &fd, sizeof fd);
  REQUIRE(::sendmsg(sender.get(), &message, 0) > 0);
  pipe->write.reset();
  REQUIRE(receive_datagram(socket->fd.get()));
  char byte = 0;
  const auto end = base::fs::read(pipe->read.get(), {&byte, 1}, "pipe");
  REQUIRE(end);
  CHECK(*end == 0);
}

TEST_CASE("a name can be bound again once nobody holds it, and not before") {
  auto socket = daemon_::make_notify_socket();
  REQUIRE(socket);
  CHECK_FALSE(daemon_::bind_notify_socket(socket->name));
  socket->fd.reset();
  CHECK(daemon_::bind_notify_socket(socket->name));
  for (const auto* bad : {"", "@", "/run/systemd/notify"})
    CHECK_FALSE(daemon_::bind_notify_socket(bad));
  CHECK_FALSE(daemon_::bind_notify_socket("@" + std::string(200, 'x')));
}
