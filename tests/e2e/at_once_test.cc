// Commands that meet: none hangs, and what is left makes sense.

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "support/lines/checker.h"
#include "support/test_home.h"

namespace support {
namespace {

// Every process of the home whose first words are `words`.
size_t running(const TestHome& home, const std::string& words) {
  size_t count = 0;
  for (const auto& process : home.processes()) {
    std::string text = command_line(process.argv);
    if (text == words) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("stop and restart of one app at once: both answer") {
  const TestHome home;
  home.start("m", "exec sleep 1000");
  for (int round = 0; round < 5; ++round) {
    Child stop = home.background({"stop", "m"});
    Child restart = home.background({"restart", "m"});
    CHECK(stop.wait(15s).in_time);
    CHECK(restart.wait(15s).in_time);
    CHECK(wait_until([&] {
      const std::string status = home.app("m").status;
      return status == "online" || status == "stopped";
    }));
    CHECK(running(home, "sleep 1000") ==
          (home.app("m").status == "online" ? 1 : 0));
  }
}

TEST_CASE("a storm of commands leaves as many processes as are online") {
  const TestHome home;
  const std::vector<std::string> names = {"a", "b", "c"};
  for (const auto& name : names) home.start(name, "exec sleep 1000");
  std::mt19937 random(5);
  std::vector<Child> commands;
  for (int i = 0; i < 40; ++i) {
    const std::string& name = names[random() % names.size()];
    switch (random() % 5) {
      case 0:
        commands.push_back(home.background({"stop", name}));
        break;
      case 1:
        commands.push_back(home.background({"restart", name, "--no-wait"}));
        break;
      case 2:
        commands.push_back(home.background({"delete", name}));
        break;
      case 3:
        commands.push_back(home.background({"flush", name}));
        break;
      default:
        commands.push_back(
            home.background({"start", "exec sleep 1000", "--name", name,
                             "--min-uptime", "50ms"}));
    }
  }
  for (auto& command : commands) {
    const Ran ran = command.wait(30s);
    CHECK(ran.in_time);
    CHECK_FALSE(ran.output_held);
  }
  const auto settled = [&] {
    size_t online = 0;
    for (const auto& row : home.list()) {
      if (row.status == "online") ++online;
      if (row.status != "online" && row.status != "stopped") return false;
    }
    return running(home, "sleep 1000") == online;
  };
  CHECK(wait_until(settled));
  Report report;
  check_processes(home.path(), {}, report);
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE("ten starts of one name at once make one app") {
  const TestHome home;
  std::vector<Child> starts;
  for (int i = 0; i < 10; ++i)
    starts.push_back(home.background(
        {"start", "exec sleep 1000", "--name", "one", "--min-uptime", "50ms"}));
  for (auto& start : starts) {
    const Ran ran = start.wait(30s);
    INFO(ran.out, ran.err);
    CHECK(ran.in_time);
    CHECK(ran.exit == 0);
  }
  CHECK(home.list().size() == 1);
  CHECK(running(home, "sleep 1000") == 1);
}

TEST_CASE("kill, then start, at once and again: never refused, never two") {
  const TestHome home;
  for (int round = 0; round < 8; ++round) {
    home.start("a", "exec sleep 1000");
    CHECK(home.daemons().size() == 1);
    CHECK(running(home, "sleep 1000") == 1);
    home.must({"kill"});
    CHECK(home.processes().empty());
  }
}

TEST_CASE("kill and start at the same moment: each ends, one home is left") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  for (int round = 0; round < 5; ++round) {
    Child kill = home.background({"kill"});
    Child start = home.background(
        {"start", "exec sleep 1000", "--name", "a", "--min-uptime", "50ms"});
    CHECK(kill.wait(20s).in_time);
    CHECK(start.wait(20s).in_time);
    home.start("a", "exec sleep 1000");
    CHECK(home.daemons().size() == 1);
    CHECK(home.keepers().size() == 1);
    CHECK(running(home, "sleep 1000") == 1);
  }
}

TEST_CASE("after keeper and daemon died, no app runs twice") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.start("b", "exec sleep 1001");
  home.kill_daemon_and_keeper();
  home.start("c", "exec sleep 1002");
  CHECK(home.reaches("a", "online"));
  CHECK(home.reaches("b", "online"));
  CHECK(wait_until([&] {
    return running(home, "sleep 1000") == 1 &&
           running(home, "sleep 1001") == 1 && running(home, "sleep 1002") == 1;
  }));
  CHECK(is_running(home.app("a").pid));
}

TEST_CASE("a known app can be started by its name, with no daemon too") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.must({"stop", "a"});
  home.must({"start", "a"});
  CHECK(home.app("a").status == "online");
  home.must({"kill"});
  home.must({"start", "a"});
  CHECK(home.app("a").status == "online");
}

TEST_CASE("the number of instances changes by the difference alone") {
  const TestHome home;
  home.start("a", "exec sleep 1000", {"-i", "3"});
  const auto before = home.list();
  REQUIRE(before.size() == 3);
  home.start("a", "exec sleep 1000", {"-i", "1"});
  auto now = home.list();
  REQUIRE(now.size() == 1);
  CHECK(now[0].pid == before[0].pid);
  home.start("a", "exec sleep 1000", {"-i", "2"});
  now = home.list();
  REQUIRE(now.size() == 2);
  CHECK(now[0].pid == before[0].pid);
  home.start("a", "exec sleep 1000");
  CHECK(home.list().size() == 2);
  CHECK(home.app("a").pid == before[0].pid);
}

}  // namespace support
