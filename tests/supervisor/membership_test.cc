// Whose process it was that said something.
#include <doctest/doctest.h>

#include <map>

#include "supervisor/processes.h"

using supervisor::ProcessInfo;
using supervisor::ProcessSnapshot;

namespace {

// The app is 100; its tag "h:0:1.".
const std::map<int, ProcessInfo> kProcesses = {
    {1, {.pid = 1, .parent = 0, .session = 1}},
    {50, {.pid = 50, .parent = 1, .session = 50}},  // the keeper
    {100, {.pid = 100, .parent = 50, .session = 100}},
    {101, {.pid = 101, .parent = 100, .session = 100}},
    {102, {.pid = 102, .parent = 50, .session = 100}},  // its parent is gone
    {103, {.pid = 103, .parent = 101, .session = 103}},
    {104, {.pid = 104, .parent = 50, .session = 104}},   // by its tag alone
    {105, {.pid = 105, .parent = 104, .session = 105}},  // without it, below
    {200, {.pid = 200, .parent = 50, .session = 200}},   // another app
};

bool member(int pid, bool root_ended = false) {
  return supervisor::is_member(
      pid,
      {.root = 100, .root_ended = root_ended, .tag = "h:0:1.", .ancestor = 0},
      [](int wanted) -> std::optional<ProcessInfo> {
        const auto it = kProcesses.find(wanted);
        if (it == kProcesses.end()) return std::nullopt;
        return it->second;
      },
      [](int wanted) {
        return std::string(wanted == 104   ? "h:0:1.health"
                           : wanted == 200 ? "h:0:10."
                                           : "");
      });
}

}  // namespace

TEST_CASE("members of a tree by parent, session or tag") {
  for (const int pid : {100, 101, 102, 103, 104, 105}) CHECK(member(pid));
}

TEST_CASE("others, and those that are gone, are no members") {
  for (const int pid : {1, 50, 200, 999, 0, -1}) CHECK_FALSE(member(pid));
  // The number may be somebody else's by now.
  CHECK_FALSE(member(101, true));
  CHECK(member(104, true));
}
