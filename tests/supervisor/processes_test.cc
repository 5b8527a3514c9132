#include "supervisor/processes.h"

#include <doctest/doctest.h>
#include <unistd.h>

using supervisor::find_tree;
using supervisor::parse_stat;
using supervisor::ProcessInfo;

namespace {

ProcessInfo process(int pid, int parent, int session, char state = 'S') {
  ProcessInfo info;
  info.pid = pid;
  info.parent = parent;
  info.session = session;
  info.state = state;
  return info;
}

const auto kNoTag = [](int) { return false; };
constexpr int kKeeper = 10;

}  // namespace

TEST_CASE("a command name with spaces and brackets does not shift the fields") {
  const auto info = parse_stat(
      "42 (a) b) (c) S 7 42 41 0 -1 4194560 1 2 3 4 50 60 7 8 20 0 1 0 999 "
      "1000000 25 18446744073709551615\n");
  REQUIRE(info);
  CHECK(info->pid == 42);
  CHECK(info->state == 'S');
  CHECK(info->parent == 7);
  CHECK(info->session == 41);
  CHECK(info->cpu_ticks == 110);
  CHECK(info->start_ticks == 999);
  CHECK(info->memory_bytes == 25 * static_cast<uint64_t>(getpagesize()));
}

TEST_CASE("text that is no stat line gives nothing") {
  for (const auto* text : {"", "42", "42 (x", "42 (x)", "42 (x) S 1", ") ("})
    CHECK_FALSE(parse_stat(text));
}

TEST_CASE("our own process is found as it is") {
  const auto info = supervisor::read_process(::getpid());
  REQUIRE(info);
  CHECK(info->parent == ::getppid());
  CHECK(info->memory_bytes > 0);
}

TEST_CASE("a tree has children, their children, and what left by double fork") {
  const std::vector<ProcessInfo> all = {
      process(10, 1, 10),          // keeper
      process(20, 10, 20),         // the app
      process(21, 20, 20),         // its child
      process(22, 21, 22),         // grandchild in a session of its own
      process(23, 10, 20),         // orphan of its session
      process(24, 10, 24),         // orphan with the tag alone
      process(25, 24, 25),         // child of that
      process(30, 10, 30),         // another app
      process(31, 1, 20),          // a stranger in a session that was reused
      process(32, 20, 20, 'Z'),    // dead already
  };
  const auto tagged = [](int pid) { return pid == 24; };
  CHECK(find_tree(all, 20, kKeeper, tagged) ==
        std::vector{20, 21, 22, 23, 24, 25});
}

TEST_CASE("when the root is over its session still names the rest") {
  const std::vector<ProcessInfo> all = {process(10, 1, 10),
                                        process(21, 10, 20)};
  CHECK(find_tree(all, 20, kKeeper, kNoTag) == std::vector{21});
  CHECK(find_tree(all, 0, kKeeper, kNoTag).empty());
}

TEST_CASE("the environment of a process is searched by whole variables") {
  ::setenv("LODGE_TEST_TAG", "x", 1);  // too late for /proc/self/environ
  CHECK_FALSE(supervisor::environment_has(::getpid(), "LODGE_TEST_TAG", "x"));
  CHECK(supervisor::environment_has(::getpid(), "PATH", ""));
  CHECK_FALSE(supervisor::environment_has(::getpid(), "ATH", ""));
}
