#include "keeper/handover.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>

#include "base/fs.h"

using keeper::Holdings;
using keeper::Role;
using keeper::SlotState;

namespace {

base::UniqueFd any_fd() {
  auto fd = base::fs::open("/dev/null", O_RDWR);
  REQUIRE(fd);
  return std::move(*fd);
}

Holdings some() {
  Holdings has;
  has.lock = any_fd();
  has.channel = any_fd();
  has.slots = keeper::Slots(rlimit{100, 200});
  has.daemon = 77;
  has.in_sync = true;
  has.updates = 3;
  has.update_error = "it was not to be";
  keeper::Slot slot;
  slot.state = SlotState::Running;
  slot.pid = 4242;
  slot.label = "a label";
  slot.pidfd = any_fd();
  slot.fds.push_back({Role::Stdout, any_fd()});
  slot.fds.push_back({Role::Spool, any_fd()});
  slot.exit_untold = true;
  slot.ended_us = 99;
  has.slots.restore(5, std::move(slot));
  keeper::Slot ended;
  ended.state = SlotState::Exited;
  ended.status = 256;
  ended.status_known = false;
  ended.failure = {2, keeper::ExecFailure::Cwd};
  has.slots.restore(9, std::move(ended));
  return has;
}

std::string bytes_of(int memfd) {
  auto info = base::fs::fstat(memfd, "table");
  REQUIRE(info);
  std::string bytes(static_cast<size_t>(info->st_size), '\0');
  REQUIRE(base::fs::pread(memfd, bytes, 0, "table"));
  return bytes;
}

base::UniqueFd memory_of(const std::string& bytes) {
  base::UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  REQUIRE(base::fs::write_all(fd.get(), bytes, "test"));
  return fd;
}

uint32_t number_at(const std::string& bytes, size_t at) {
  uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

void set_number(std::string& bytes, size_t at, uint32_t number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

// Where the sizes stand, in every version: after magic, major, minor.
constexpr size_t kHeadSize = 12;
constexpr size_t kSlotSize = 16;

void check_some(const Holdings& has, const Holdings& from) {
  CHECK(has.lock.get() == from.lock.get());
  CHECK_FALSE(has.listener);
  CHECK(has.daemon == 77);
  CHECK(has.daemon_is_child);
  CHECK(has.in_sync);
  CHECK(has.updates == 3);
  CHECK(has.update_error == "it was not to be");
  CHECK(has.slots.child_limit().rlim_cur == 100);
  CHECK(has.slots.has_untold());
  REQUIRE(has.slots.all().size() == 2);
  const auto& slot = has.slots.all().at(5);
  CHECK(slot.state == SlotState::Running);
  CHECK(slot.pid == 4242);
  CHECK(slot.label == "a label");
  REQUIRE(slot.fds.size() == 2);
  CHECK(slot.fds[1].role == Role::Spool);
  CHECK(slot.fds[1].fd.get() == from.slots.all().at(5).fds[1].fd.get());
  const auto& ended = has.slots.all().at(9);
  CHECK(ended.status == 256);
  CHECK_FALSE(ended.status_known);
  CHECK(ended.failure.step == keeper::ExecFailure::Cwd);
}

// Two owners of one descriptor: the second lets go.
void disown(Holdings& has) {
  (void)has.lock.release();
  (void)has.channel.release();
  for (const auto& [number, slot] : has.slots.all()) {
    auto& open = *has.slots.find(number);
    (void)open.pidfd.release();
    for (auto& entry : open.fds) (void)entry.fd.release();
  }
}

}  // namespace

TEST_CASE("everything a keeper has comes through the table") {
  const Holdings before = some();
  auto table = keeper::encode_handover(before);
  REQUIRE(table);
  auto after = keeper::decode_handover(table->get());
  REQUIRE(after);
  check_some(*after, before);
  CHECK(::fcntl(after->lock.get(), F_GETFD) == FD_CLOEXEC);
  disown(*after);
}

TEST_CASE("a newer neighbour's longer records are read, the rest passed over") {
  const Holdings before = some();
  auto table = keeper::encode_handover(before);
  REQUIRE(table);
  std::string bytes = bytes_of(table->get());
  const uint32_t head = number_at(bytes, kHeadSize);
  const uint32_t slot = number_at(bytes, kSlotSize);
  // From the last record to the first, so that places stay what they are.
  const size_t first = head + before.update_error.size();
  const size_t second = first + slot + strlen("a label") + 2 * 8;
  bytes.insert(second + slot, "12345678");
  bytes.insert(first + slot, "12345678");
  bytes.insert(head, "abcd");
  set_number(bytes, kHeadSize, head + 4);
  set_number(bytes, kSlotSize, slot + 8);
  bytes[10] = static_cast<char>(keeper::kMinor + 1);
  auto after = keeper::decode_handover(memory_of(bytes).get());
  REQUIRE(after);
  check_some(*after, before);
  disown(*after);
}

TEST_CASE("another major is refused with a hint, and takes no descriptor") {
  const Holdings before = some();
  auto table = keeper::encode_handover(before);
  REQUIRE(table);
  std::string bytes = bytes_of(table->get());
  bytes[8] = static_cast<char>(keeper::kMajor + 1);
  auto after = keeper::decode_handover(memory_of(bytes).get());
  REQUIRE_FALSE(after);
  CHECK_FALSE(after.error().hint.empty());
  CHECK(::fcntl(before.lock.get(), F_GETFD) >= 0);
}

TEST_CASE("a table cut anywhere is refused and closes nothing") {
  const Holdings before = some();
  auto table = keeper::encode_handover(before);
  REQUIRE(table);
  const std::string bytes = bytes_of(table->get());
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(
        keeper::decode_handover(memory_of(bytes.substr(0, size)).get()));
  CHECK(::fcntl(before.lock.get(), F_GETFD) >= 0);
  CHECK(::fcntl(before.slots.all().at(5).fds[0].fd.get(), F_GETFD) >= 0);
}

TEST_CASE("a program that can't be run leaves the keeper what it has") {
  const Holdings before = some();
  const auto error =
      keeper::become("/nonexistent/lodge", base::Home("/tmp"), before);
  CHECK(error.message.find("/nonexistent/lodge") != std::string::npos);
  // And nothing that its next child would inherit.
  CHECK(::fcntl(before.lock.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("the word for it survives printing, and nothing else is one") {
  for (const auto how :
       {keeper::Resume::Forward, keeper::Resume::Back, keeper::Resume::Check}) {
    auto word = keeper::parse_resume(keeper::print_resume({how, 7, -1}));
    REQUIRE(word);
    CHECK(word->how == how);
    CHECK(word->table == 7);
    CHECK(word->previous == -1);
  }
  for (const auto* text :
       {"", "--resume", "--resume=", "--resume=3", "--resume=3,",
        "--resume=x,y", "--resume=3,4x", "--resumes=3,4", "--safe"})
    CHECK_FALSE(keeper::parse_resume(text));
}
