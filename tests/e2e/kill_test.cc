// `lodge kill` and what comes right after it, or while it is at work.

#include <doctest/doctest.h>

#include "support/test_home.h"

namespace support {

TEST_CASE("when kill returns nothing is left, and a start may follow at once") {
  const TestHome home;
  for (int i = 0; i < 5; ++i) {
    home.start("api", "exec sleep 1000");
    home.must({"kill"});
    CHECK(home.processes().empty());
    CHECK(home.lodge({"kill"}).exit == 3);  // there is none
  }
  home.start("api", "exec sleep 1000");
  CHECK(home.app("api").status == "online");
}

TEST_CASE("kills at once end well, each when all has ended") {
  const TestHome home;
  // Slow to end: the later kills come while the first is at work.
  home.start("slow", "trap '' TERM; while :; do sleep 0.1; done",
             {"--kill-timeout", "1s"});
  const int keeper = home.keepers().at(0).pid;
  std::vector<Child> kills;
  for (int i = 0; i < 4; ++i) kills.push_back(home.background({"kill"}));
  for (auto& kill : kills) {
    const Ran ran = kill.wait(30s);
    INFO(ran.out, ran.err);
    CHECK(ran.exit == 0);
    CHECK_FALSE(is_running(keeper));
  }
  CHECK(home.processes().empty());
}

}  // namespace support
