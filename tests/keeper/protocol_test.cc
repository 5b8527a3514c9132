#include "keeper/protocol.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "support/proc.h"

using keeper::FrameHeader;
using keeper::FrameType;
using keeper::Role;

namespace {

struct Channel {
  base::UniqueFd one;
  base::UniqueFd other;
  Channel() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    one.reset(fds[0]);
    other.reset(fds[1]);
  }
};

size_t open_descriptors() {
  auto names = base::fs::list_dir("/proc/self/fd");
  return names ? names->size() : 0;
}

}  // namespace

TEST_CASE("a frame arrives with its body and its descriptors by role") {
  const Channel channel;
  auto pipe = base::fs::make_pipe();
  REQUIRE(pipe);
  const keeper::RoleFdRef fds[] = {{Role::Stdout, pipe->read.get()},
                                   {Role::Stdin, pipe->write.get()}};
  FrameHeader header;
  header.type = FrameType::Hold;
  header.slot = 7;
  REQUIRE(keeper::send_frame(channel.one.get(), header, "label", fds));
  auto frame = keeper::receive_frame(channel.other.get());
  REQUIRE(frame);
  CHECK(frame->header.type == FrameType::Hold);
  CHECK(frame->header.slot == 7);
  CHECK(frame->body == "label");
  const auto in = frame->take(Role::Stdin);
  const auto out = frame->take(Role::Stdout);
  REQUIRE((in && out));
  CHECK_FALSE(frame->take(Role::Ipc));
  // They are the pipe's ends, not some other descriptors.
  REQUIRE(base::fs::write_all(in.get(), "x", "pipe"));
  char byte = 0;
  CHECK(base::fs::read(out.get(), {&byte, 1}, "pipe"));
  CHECK(byte == 'x');
}

TEST_CASE("nothing there, and nobody there, are told apart") {
  Channel channel;
  CHECK(keeper::receive_frame(channel.other.get()).error().code ==
        base::Errc::WouldBlock);
  channel.one.reset();
  CHECK(keeper::receive_frame(channel.other.get()).error().code ==
        base::Errc::Unavailable);
  CHECK(keeper::send_frame(channel.other.get(), {}, "", {}).error().code ==
        base::Errc::Unavailable);
}

TEST_CASE("another major version is refused, another minor is not") {
  const Channel channel;
  FrameHeader header;
  header.major = keeper::kMajor + 1;
  REQUIRE(keeper::send_frame(channel.one.get(), header, "", {}));
  const auto refused = keeper::receive_frame(channel.other.get());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Errc::Invalid);
  header = {};
  header.minor = keeper::kMinor + 1;
  REQUIRE(keeper::send_frame(channel.one.get(), header, "", {}));
  CHECK(keeper::receive_frame(channel.other.get()));
}

TEST_CASE("damaged frames are refused, and leak no descriptor") {
  const Channel channel;
  auto pipe = base::fs::make_pipe();
  REQUIRE(pipe);
  const keeper::RoleFdRef fds[] = {{Role::Stdout, pipe->read.get()}};
  const size_t before = open_descriptors();
  FrameHeader header;
  header.magic = {'?', '?'};
  REQUIRE(keeper::send_frame(channel.one.get(), header, "body", fds));
  CHECK(keeper::receive_frame(channel.other.get()).error().code ==
        base::Errc::Invalid);
  REQUIRE(::send(channel.one.get(), "LK", 2, 0) == 2);
  CHECK(keeper::receive_frame(channel.other.get()).error().code ==
        base::Errc::Invalid);
  CHECK(open_descriptors() == before);
}

TEST_CASE("a body or a bundle too large is refused by the sender") {
  const Channel channel;
  CHECK_FALSE(keeper::send_frame(channel.one.get(), {},
                                 std::string(keeper::kMaxBody + 1, 'x'), {}));
  const std::vector<keeper::RoleFdRef> many(keeper::kMaxFds + 1,
                                            {Role::Stdin, 0});
  CHECK_FALSE(keeper::send_frame(channel.one.get(), {}, "", many));
}

TEST_CASE("a full queue is told as such and loses nothing") {
  const Channel channel;
  int sent = 0;
  FrameHeader header;
  for (;; ++sent) {
    header.slot = static_cast<uint64_t>(sent);
    const auto status = keeper::send_frame(channel.one.get(), header,
                                           std::string(4000, 'x'), {});
    if (status) continue;
    CHECK(status.error().code == base::Errc::WouldBlock);
    break;
  }
  for (int i = 0; i < sent; ++i) {
    auto frame = keeper::receive_frame(channel.other.get());
    REQUIRE(frame);
    CHECK(frame->header.slot == static_cast<uint64_t>(i));
  }
}
