#include "supervisor/launch_gate.h"

#include <doctest/doctest.h>

#include <vector>

using supervisor::LaunchGate;

TEST_CASE("so many at a time, the others in their order as those leave") {
  LaunchGate gate(2);
  std::vector<int> launched;
  for (int slot = 1; slot <= 5; ++slot)
    gate.enter(static_cast<uint64_t>(slot),
               [&launched, slot] { launched.push_back(slot); });
  CHECK(launched == std::vector{1, 2});
  gate.leave(9);  // nobody's
  gate.leave(3);  // not inside yet
  CHECK(launched == std::vector{1, 2});
  gate.leave(2);
  gate.leave(2);  // told twice
  CHECK(launched == std::vector{1, 2, 3});
  gate.clear();
  CHECK(launched == std::vector{1, 2, 3, 4, 5});
}

TEST_CASE("one that leaves while it is launched lets the next in") {
  LaunchGate gate(1);
  int launched = 0;
  for (uint64_t slot = 1; slot <= 3; ++slot)
    gate.enter(slot, [&, slot] {
      ++launched;
      gate.leave(slot);
    });
  CHECK(launched == 3);
}
