#include "keeper/slots.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "keeper/program.h"

using keeper::Frame;
using keeper::FrameHeader;
using keeper::FrameType;
using keeper::Role;
using keeper::Slots;
using keeper::SlotState;

namespace {

// A keeper's table, and the daemon's end of its channel.
struct Table {
  rlimit limit{64, 64};
  Slots slots{limit};
  base::UniqueFd ours;
  base::UniqueFd daemons;
  Table() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    ours.reset(fds[0]);
    daemons.reset(fds[1]);
  }
  // Everything that was told, in order.
  std::vector<FrameHeader> told() {
    slots.tell(ours.get());
    std::vector<FrameHeader> headers;
    while (auto frame = keeper::receive_frame(daemons.get()))
      headers.push_back(frame->header);
    return headers;
  }
};

Frame hold(uint64_t slot) {
  Frame frame;
  frame.header.slot = slot;
  frame.body = "label";
  return frame;
}

Frame spawn(uint64_t slot, const std::string& path) {
  Frame frame;
  frame.header.slot = slot;
  auto program = keeper::encode_program({path, {"x"}, {}, "/"});
  REQUIRE(program);
  frame.fds.push_back({Role::Program, std::move(*program)});
  return frame;
}

// Waits for the slot's process, as the keeper's loop does.
void run_to_end(Slots& slots, uint64_t number) {
  const auto* slot = slots.find(number);
  REQUIRE(slot != nullptr);
  int status = 0;
  const pid_t pid = ::waitpid(slot->pid, &status, 0);
  REQUIRE(pid == slot->pid);
  slots.on_reaped(pid, status);
}

}  // namespace

TEST_CASE("a process that ends at once is told as spawned, then as exited") {
  Table table;
  REQUIRE(table.slots.hold(hold(1)));
  table.slots.spawn(spawn(1, "/bin/true"));
  run_to_end(table.slots, 1);
  const auto told = table.told();
  REQUIRE(told.size() == 2);
  CHECK(told[0].type == FrameType::Spawned);
  CHECK(told[0].value == 0);
  CHECK(told[1].type == FrameType::Exited);
  CHECK(told[1].status == 0);
  CHECK_FALSE(table.slots.has_untold());
  CHECK(table.told().empty());
}

TEST_CASE("a program that can't be run is told once, as not spawned") {
  Table table;
  REQUIRE(table.slots.hold(hold(1)));
  table.slots.spawn(spawn(1, "/nonexistent/program"));
  run_to_end(table.slots, 1);
  const auto told = table.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].type == FrameType::Spawned);
  CHECK(told[0].value == ENOENT);
}

TEST_CASE("a slot in use is not held anew, and no second process started") {
  Table table;
  REQUIRE(table.slots.hold(hold(1)));
  table.slots.spawn(spawn(1, "/bin/true"));
  const pid_t first = table.slots.find(1)->pid;
  CHECK_FALSE(table.slots.hold(hold(1)));
  table.slots.spawn(spawn(1, "/bin/true"));
  CHECK(table.slots.find(1)->pid == first);
  run_to_end(table.slots, 1);
}

TEST_CASE("descriptors lost on the way are a failed start, not a silence") {
  Table table;
  Frame frame = hold(1);
  frame.truncated = true;
  REQUIRE(table.slots.hold(std::move(frame)));
  table.slots.spawn(spawn(1, "/bin/true"));
  const auto told = table.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].type == FrameType::Spawned);
  CHECK(told[0].value == EMFILE);
}

TEST_CASE("a new daemon is told every slot, and the end of one once") {
  Table table;
  REQUIRE(table.slots.hold(hold(1)));
  REQUIRE(table.slots.hold(hold(2)));
  table.slots.spawn(spawn(2, "/bin/false"));
  run_to_end(table.slots, 2);
  REQUIRE(table.slots.tell_all(table.ours.get()));
  const auto told = table.told();
  REQUIRE(told.size() == 2);
  CHECK(told[0].slot == 1);
  CHECK(told[0].value == static_cast<uint32_t>(SlotState::Held));
  CHECK(told[1].slot == 2);
  CHECK(told[1].value == static_cast<uint32_t>(SlotState::Exited));
  CHECK(WEXITSTATUS(told[1].status) == 1);
}

TEST_CASE("the end of an orphan that came to the keeper is nobody's") {
  Table table;
  REQUIRE(table.slots.hold(hold(1)));
  table.slots.on_reaped(4'000'000, 0);
  CHECK(table.slots.find(1)->state == SlotState::Held);
  CHECK(table.told().empty());
}
