#include "daemon/tree_usage.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace daemon_ {
namespace {

using supervisor::ProcessInfo;

ProcessInfo process(int pid, int parent, uint64_t cpu, int session = 0) {
  ProcessInfo info;
  info.pid = pid;
  info.parent = parent;
  info.session = session;
  info.state = 'S';
  info.cpu_ticks = cpu;
  info.start_ticks = static_cast<uint64_t>(pid);
  info.memory_bytes = 1000;
  return info;
}

constexpr base::MonoTime at(int seconds) {
  return base::MonoTime(std::chrono::seconds(seconds));
}

uint64_t seconds_of_cpu(double seconds) {
  return static_cast<uint64_t>(seconds *
                               static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace

TEST_CASE(
    "a tree is its root, all below it, its session, and who bears its tag") {
  TreeTally tally;
  const std::vector<ProcessInfo> all = {
      process(10, 1, 0),  process(5, 11, 0),  // a child of lower number
      process(11, 10, 0), process(12, 1, 0, 10), process(13, 1, 0),
      process(14, 13, 0), process(20, 1, 0),     process(21, 20, 0),
      process(30, 1, 0)};
  const auto usages = tally.take(all, {{0, 10, "h:0:1."}, {1, 20, "h:1:1."}},
                                 {{13, "h:0:1."}, {30, "h:9:1."}}, at(1));
  CHECK(usages.at(0).processes == 6);
  CHECK(usages.at(0).memory_bytes == 6000);
  CHECK(usages.at(1).processes == 2);
  CHECK(tally.is_member(14));
  CHECK_FALSE(tally.is_member(30));
}

TEST_CASE("cpu is what was used since the look before, by the same process") {
  TreeTally tally;
  const std::vector<TreeRoot> roots = {{0, 10, ""}};
  const auto first =
      tally.take({process(10, 1, seconds_of_cpu(100))}, roots, {}, at(1));
  CHECK(first.at(0).cpu_percent == 0);
  const auto second = tally.take({process(10, 1, seconds_of_cpu(100.5)),
                                  process(11, 10, seconds_of_cpu(7))},
                                 roots, {}, at(2));
  CHECK(second.at(0).cpu_percent == doctest::Approx(50));
  auto other = process(11, 10, seconds_of_cpu(9));
  other.start_ticks = 999;  // the number is another's now
  const auto third = tally.take({process(10, 1, seconds_of_cpu(101.5)), other},
                                roots, {}, at(4));
  CHECK(third.at(0).cpu_percent == doctest::Approx(50));
}

TEST_CASE("a root that is gone, or a zombie, uses nothing") {
  TreeTally tally;
  auto zombie = process(10, 1, 0);
  zombie.state = 'Z';
  const auto usages =
      tally.take({zombie}, {{0, 10, ""}, {1, 20, ""}}, {}, at(1));
  CHECK(usages.at(0).processes == 0);
  CHECK(usages.at(1).processes == 0);
}

}  // namespace daemon_
