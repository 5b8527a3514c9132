#include "supervisor/processes.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>

using supervisor::parse_stat;
using supervisor::ProcessInfo;
using supervisor::ProcessSnapshot;

namespace {

ProcessInfo process(int pid, int parent, int session, char state = 'S') {
  ProcessInfo info;
  info.pid = pid;
  info.parent = parent;
  info.session = session;
  info.state = state;
  return info;
}

constexpr int kKeeper = 10;
const auto kNoTags = [](int) { return std::string(); };

std::vector<int> members(std::vector<ProcessInfo> all,
                         const ProcessSnapshot::Tree& tree,
                         ProcessSnapshot::ReadTag tags = kNoTags) {
  return ProcessSnapshot(std::move(all), std::move(tags)).members(tree);
}

// Everybody is looked at until nobody comes to it.
std::vector<int> members_by_hand(const std::vector<ProcessInfo>& all,
                                 std::map<int, std::string>& tags,
                                 const ProcessSnapshot::Tree& tree) {
  std::map<int, ProcessInfo> by_pid;
  for (const auto& one : all) by_pid[one.pid] = one;
  const auto is_below = [&](int pid) {
    if (tree.ancestor == 0) return true;
    for (size_t steps = 0; steps < all.size(); ++steps) {
      if (!by_pid.contains(pid)) return false;
      pid = by_pid[pid].parent;
      if (pid == tree.ancestor) return true;
    }
    return false;
  };
  const int root =
      tree.root_ended && by_pid.contains(tree.root) ? 0 : tree.root;
  std::set<int> found;
  for (size_t before = 1; before != found.size();) {
    before = found.size();
    for (const auto& one : all)
      if ((is_below(one.pid) &&
           ((root > 0 && (one.pid == root || one.session == root)) ||
            tags[one.pid].starts_with(tree.tag))) ||
          found.contains(one.parent))
        found.insert(one.pid);
  }
  std::vector<int> members;
  for (const int pid : found)
    if (pid != tree.ancestor && by_pid[pid].state != 'Z')
      members.push_back(pid);
  return members;
}

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
  CHECK(info->reaped_ticks == 15);
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
      process(10, 1, 10),        // keeper
      process(20, 10, 20),       // the app
      process(21, 20, 20),       // its child
      process(22, 21, 22),       // grandchild in a session of its own
      process(23, 10, 20),       // orphan of its session
      process(24, 10, 24),       // orphan with the tag alone
      process(25, 24, 25),       // child of that
      process(30, 10, 30),       // another app
      process(31, 1, 20),        // a stranger in a session that was reused
      process(32, 20, 20, 'Z'),  // dead already
  };
  const auto tags = [](int pid) {
    return std::string(pid == 24 ? "home:3:7." : pid == 30 ? "home:31:7." : "");
  };
  CHECK(members(all, {20, false, "home:3:", kKeeper}, tags) ==
        std::vector{20, 21, 22, 23, 24, 25});
}

TEST_CASE("when the root is over its session still names the rest") {
  const std::vector<ProcessInfo> all = {process(10, 1, 10),
                                        process(21, 10, 20)};
  CHECK(members(all, {20, true, "t", kKeeper}) == std::vector{21});
  CHECK(members(all, {0, true, "t", kKeeper}).empty());
}

TEST_CASE(
    "a number that is there again after the root was reaped is another's") {
  const std::vector<ProcessInfo> all = {process(10, 1, 10), process(20, 10, 20),
                                        process(21, 20, 20)};
  CHECK(members(all, {20, true, "t", kKeeper}).empty());
  CHECK(members(all, {20, false, "t", kKeeper}) == std::vector{20, 21});
}

TEST_CASE("we and our keeper are of no app's tree, whoever started us") {
  const int self = ::getpid();
  const std::vector<ProcessInfo> all = {process(kKeeper, 20, 20),
                                        process(self, kKeeper, 20),
                                        process(30, kKeeper, 30)};
  const auto tags = [](int) { return std::string("home:3:7."); };
  CHECK(members(all, {20, false, "home:3:", kKeeper}, tags) == std::vector{30});
}

TEST_CASE("without an ancestor a tree is looked for everywhere") {
  const std::vector<ProcessInfo> all = {process(20, 1, 20)};
  CHECK(members(all, {20, false, "t", kKeeper}).empty());
  CHECK(members(all, {20, false, "t", 0}) == std::vector{20});
}

TEST_CASE("an environment is read once, and searched by whole variables") {
  int reads = 0;
  ProcessSnapshot snapshot({process(20, 10, 20)}, [&](int) {
    ++reads;
    return std::string("home:3:7.");
  });
  for (int i = 0; i < 3; ++i)
    CHECK(snapshot.members({0, true, "home:3:", kKeeper}).size() == 1);
  CHECK(reads == 1);
  CHECK_FALSE(supervisor::read_variable(::getpid(), "PATH").empty());
  CHECK(supervisor::read_variable(::getpid(), "ATH").empty());
}

TEST_CASE("members looked up are those that a look at everybody finds") {
  std::mt19937 random(
      7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same again
  const auto below = [&](int n) {
    return std::uniform_int_distribution<int>(0, n - 1)(random);
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<ProcessInfo> all = {process(kKeeper, 1, kKeeper)};
    std::map<int, std::string> tags;
    for (int pid = 11; pid < 60; ++pid) {
      // Any parent, so that some are below nobody.
      all.push_back(process(pid, below(4) == 0 ? 1 : 10 + below(50),
                            10 + below(50), below(8) == 0 ? 'Z' : 'S'));
      if (below(3) == 0) tags[pid] = "home:" + std::to_string(below(4)) + ":x";
    }
    ProcessSnapshot snapshot(all, [&](int pid) { return tags[pid]; });
    for (int asked = 0; asked < 20; ++asked) {
      const ProcessSnapshot::Tree tree{10 + below(60), below(2) == 0,
                                       "home:" + std::to_string(below(4)) + ":",
                                       below(3) == 0 ? 0 : 10 + below(3)};
      CHECK(snapshot.members(tree) == members_by_hand(all, tags, tree));
    }
  }
}
