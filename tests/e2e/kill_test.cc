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
  home.start("slow", "trap '' TERM INT; while :; do sleep 0.1; done",
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

TEST_CASE("a start while a kill is at work starts anew when it is done") {
  const TestHome home;
  for (int i = 0; i < 3; ++i) {
    home.start("slow", "trap '' TERM INT; while :; do sleep 0.1; done",
               {"--kill-timeout", "1s"});
    Child kill = home.background({"kill"});
    REQUIRE(home.reaches("slow", "stopping"));
    const Ran started = home.lodge(
        {"start", "exec sleep 1000", "--name", "web", "--min-uptime", "50ms"});
    INFO(started.out, started.err);
    CHECK(started.exit == 0);
    const Ran killed = kill.wait(30s);
    INFO(killed.out, killed.err);
    CHECK(killed.exit == 0);
    CHECK(home.app("web").status == "online");
    home.must({"delete", "all"});
  }
}

}  // namespace support
