#include "daemon/spool_holder.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"

using daemon_::SpoolHolder;

namespace {

struct Deaf final : keeper::LinkObserver {
  void on_found(keeper::FoundSlot) override {}
  void on_ready(keeper::KeeperNews, base::UniqueFd) override {}
  void on_upgrade_failed(keeper::KeeperNews) override {}
  void on_spawned(uint64_t, int, base::UniqueFd, int, int) override {}
  void on_exited(uint64_t, int, bool, int64_t) override {}
  void on_keeper_lost() override {}
};

// A link, and what a keeper would receive of it.
struct Channel {
  base::EventLoop loop;
  Deaf deaf;
  base::UniqueFd keepers;
  std::unique_ptr<keeper::Link> link;
  Channel() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    keepers.reset(fds[0]);
    link = std::make_unique<keeper::Link>(loop, base::UniqueFd(fds[1]), deaf);
  }
};

// As the keeper tells of it to a new daemon.
keeper::FoundSlot found(keeper::Frame frame) {
  keeper::FoundSlot slot;
  slot.number = frame.header.slot;
  slot.label = std::move(frame.body);
  slot.fds = std::move(frame.fds);
  return slot;
}

ino_t file_of(int fd) {
  auto info = base::fs::fstat(fd, "spool");
  REQUIRE(info);
  return info->st_ino;
}

}  // namespace

TEST_CASE("a spool that was held is the next daemon's, and the next keeper's") {
  Channel channel;
  auto pipe = base::fs::make_pipe();
  REQUIRE(pipe);
  const ino_t file = file_of(pipe->write.get());
  SpoolHolder first;
  CHECK(first.fd() == -1);
  REQUIRE(first.hand_over(*channel.link));  // nothing to hand over
  REQUIRE(first.hold(*channel.link, pipe->write.get()));
  auto frame = keeper::receive_frame(channel.keepers.get());
  REQUIRE(frame);
  CHECK(frame->header.type == keeper::FrameType::Hold);
  auto slot = found(std::move(*frame));
  CHECK(SpoolHolder::is_spool(slot));
  SpoolHolder next;
  next.take(std::move(slot));
  CHECK(file_of(next.fd()) == file);
  REQUIRE(next.hand_over(*channel.link));
  frame = keeper::receive_frame(channel.keepers.get());
  REQUIRE(frame);
  REQUIRE(frame->fds.size() == 1);
  CHECK(frame->fds[0].role == keeper::Role::Spool);
  CHECK(file_of(frame->fds[0].fd.get()) == file);
}

TEST_CASE("no life's slot is taken for the spool") {
  keeper::FoundSlot slot;
  slot.label = R"({"v":1,"app":"spool"})";
  CHECK_FALSE(SpoolHolder::is_spool(slot));
  slot.label = "spool";
  slot.state = keeper::SlotState::Running;
  CHECK_FALSE(SpoolHolder::is_spool(slot));
}
