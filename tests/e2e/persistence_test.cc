// The list of apps outlives daemons, crashes and damage.

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

std::map<std::string, std::string> statuses(const TestHome& home) {
  std::map<std::string, std::string> result;
  for (const auto& row : home.list()) result[row.name] = row.status;
  return result;
}

using Statuses = std::map<std::string, std::string>;

// A home whose apps are `up` (online) and `down` (stopped), and nothing runs.
void make_and_kill(const TestHome& home) {
  home.start("up", "exec sleep 1000");
  home.start("down", "exec sleep 1000");
  home.must({"stop", "down"});
  home.must({"kill"});
  REQUIRE(wait_until([&] { return home.processes().empty(); }));
}

}  // namespace

TEST_CASE("a change that was answered survives kill -9 of the daemon at once") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.start("b", "exec sleep 1000");
  const auto kill_and_wait = [&] {
    home.kill_daemon();
    REQUIRE(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  };
  home.must({"stop", "a"});
  kill_and_wait();
  CHECK(statuses(home) == Statuses{{"a", "stopped"}, {"b", "online"}});
  home.start("c", "exec sleep 1000");
  kill_and_wait();
  CHECK(statuses(home) ==
        Statuses{{"a", "stopped"}, {"b", "online"}, {"c", "online"}});
  home.must({"delete", "b"});
  kill_and_wait();
  CHECK(statuses(home) == Statuses{{"a", "stopped"}, {"c", "online"}});
  home.must({"restart", "a"});
  kill_and_wait();
  CHECK(statuses(home) == Statuses{{"a", "online"}, {"c", "online"}});
}

TEST_CASE("after kill, a new start brings the old apps back as they were") {
  const TestHome home;
  make_and_kill(home);
  home.start("new", "exec sleep 1000");
  CHECK(wait_until([&] {
    return statuses(home) ==
           Statuses{{"up", "online"}, {"down", "stopped"}, {"new", "online"}};
  }));
}

TEST_CASE("an app comes back with its own directory, arguments, environment") {
  const TestHome home;
  home.work().write("d/x", "");
  home.work().write("show.sh", "echo \"$1|$(pwd)|$GREETING\"; exec sleep 1000");
  home.must({"start", home.work().file("show.sh"), "--min-uptime", "50ms",
             "--cwd", home.work().file("d"), "--", "first word"},
            {.env = {{"GREETING", "good day"}}});
  home.must({"kill"});
  home.start("other", "exec sleep 1000");
  const std::string line =
      "first word|" + home.work().file("d") + "|good day\n";
  CHECK(wait_until([&] {
    return home.must({"logs", "show", "--raw", "-n", "all"}).out == line + line;
  }));
}

TEST_CASE("after a power cut zeros are cut off, and what may be missing told") {
  const TestHome home;
  home.start("api", "echo one; exec sleep 1000");
  REQUIRE(wait_until(
      [&] { return slurp(home.log("api-out.log")).ends_with("one\n"); }));
  const std::string whole = slurp(home.log("api-out.log"));
  const pid_t app = home.app("api").pid;
  home.kill_daemon_and_keeper();
  REQUIRE(::kill(app, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return home.processes().empty(); }));
  const auto write = [&](const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  };
  CHECK(slurp(home.file("run/boot")).size() > 10);
  write(home.log("api-out.log"), whole + std::string(5000, '\0'));
  write(home.file("run/boot"), "another\n");
  home.start("other", "exec sleep 1000");
  REQUIRE(home.reaches("api", "online"));
  CHECK(wait_until([&] {
    const auto text = slurp(home.log("api-out.log"));
    return text.starts_with(whole) && text.ends_with("one\n") &&
           text.size() == 2 * whole.size();
  }));
  const auto lost = home.events("api", "lost");
  REQUIRE(lost.size() == 2);
  CHECK(lost[0]["reason"].get<std::string>().find("went down") !=
        std::string::npos);
  CHECK(lost[0]["stream"] == "out");
  CHECK(lost[1]["reason"].get<std::string>().find("may be missing") !=
        std::string::npos);
  CHECK(home.events("other", "lost").empty());
  // An end in order leaves nothing to look for.
  home.must({"kill"});
  CHECK_FALSE(std::filesystem::exists(home.file("run/boot")));
}

TEST_CASE("ids are never given twice, not even after delete and kill") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.start("b", "exec sleep 1000");
  CHECK(home.app("b").id == 1);
  home.must({"delete", "b"});
  home.must({"kill"});
  home.start("c", "exec sleep 1000");
  CHECK(home.app("c").id == 2);
}

TEST_CASE("a damaged list is replaced by its copy, and that is said") {
  const TestHome home;
  make_and_kill(home);
  home.work().write("broken", "");
  const std::string list = home.file("apps.json");
  SUBCASE("cut") {
    REQUIRE(::truncate(list.c_str(), 100) == 0);
  }
  SUBCASE("empty") {
    REQUIRE(::truncate(list.c_str(), 0) == 0);
  }
  SUBCASE("a flipped byte") {
    std::string text = slurp(list);
    const auto at = text.find("sleep");
    REQUIRE(at != text.npos);
    text[at] = 'S';
    run({"cp", home.work().write("flipped", text), list});
  }
  const Ran ran = home.must(
      {"start", "exec sleep 1000", "--name", "new", "--min-uptime", "50ms"});
  CHECK(home.app("up").status == "online");
  CHECK(home.app("down").id >= 0);
  const std::string said = ran.err + slurp(home.file("lodge.log")) +
                           slurp(home.log("lodge-events.log"));
  CHECK(said.find("apps.json") != std::string::npos);
}

TEST_CASE("when list and copy are damaged, start refuses and keeps both") {
  const TestHome home;
  make_and_kill(home);
  const std::string list = home.file("apps.json");
  const std::string copy = home.file("apps.json.bak");
  REQUIRE(::truncate(list.c_str(), 50) == 0);
  REQUIRE(::truncate(copy.c_str(), 60) == 0);
  const std::string list_before = slurp(list);
  const std::string copy_before = slurp(copy);
  const Ran ran = home.lodge({"start", "exec sleep 1000", "--name", "new"});
  CHECK(ran.exit == 1);
  INFO(ran.err);
  CHECK(ran.err.find("apps.json") != std::string::npos);
  CHECK(slurp(list) == list_before);
  CHECK(slurp(copy) == copy_before);
  CHECK(wait_until([&] { return home.processes().empty(); }));
}

TEST_CASE("restart counts and generations go on after a kill") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.must({"restart", "a"});
  home.must({"restart", "a"});
  CHECK(home.app("a").restarts == 2);
  home.kill_daemon();
  REQUIRE(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  CHECK(home.app("a").restarts == 2);
  home.must({"restart", "a"});
  CHECK(home.app("a").restarts == 3);
  const auto starts = home.events("a", "start");
  REQUIRE(starts.size() == 4);
  for (size_t i = 0; i < starts.size(); ++i)
    CHECK(starts[i].at("generation") == i + 1);
}

}  // namespace support
