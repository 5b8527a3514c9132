#include "supervisor/tree_memory.h"

#include <doctest/doctest.h>

#include <algorithm>

using supervisor::ProcessInfo;
using supervisor::TreeRoot;

namespace {

ProcessInfo process(int pid, int parent, int session) {
  ProcessInfo info;
  info.pid = pid;
  info.parent = parent;
  info.session = session;
  return info;
}

std::vector<int> pids(const std::vector<ProcessInfo>& processes) {
  std::vector<int> pids;
  for (const auto& one : processes) pids.push_back(one.pid);
  std::ranges::sort(pids);
  return pids;
}

}  // namespace

TEST_CASE("who belongs to a tree: session, descent, and orphans by their tag") {
  constexpr int kKeeper = 50;
  const std::vector<TreeRoot> roots = {{0, 100, "home:0:1.", 0},
                                       {1, 200, "home:1:7.", 0}};
  const std::vector<ProcessInfo> all = {
      process(1, 0, 1),           process(kKeeper, 1, kKeeper),
      process(90, 105, 90),  // a child with a lower number than its parent
      process(100, kKeeper, 100), process(101, 100, 100),
      process(105, 101, 105),      // a session of its own
      process(110, kKeeper, 100),  // an orphan that kept its session
      process(120, kKeeper, 120),  // one that did not
      process(121, 120, 120),      // and its child
      process(130, 1, 130),        // adopted by init, when there was no keeper
      process(200, kKeeper, 200), process(300, 1, 300),
      process(301, 300, 300)};
  std::vector<int> asked;
  const auto members = supervisor::processes_by_root(
      all, roots, kKeeper, [&](const ProcessInfo& one) -> std::string {
        asked.push_back(one.pid);
        if (one.pid == 120 || one.pid == 130) return "home:0:1.";
        return one.pid == 300 ? "home:1:70." : "";
      });
  CHECK(pids(members.at(0)) ==
        std::vector<int>{90, 100, 101, 105, 110, 120, 121, 130});
  CHECK(pids(members.at(1)) == std::vector<int>{200});
  // Environments are dear: not asked of anybody whose parent is known.
  CHECK(std::ranges::count(asked, 101) == 0);
  CHECK(std::ranges::count(asked, 301) == 0);
}
