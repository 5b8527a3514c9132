// Why an app ended: what `why` and the events say of it, and what they still
// say when nobody runs any more.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

nlohmann::json why(const TestHome& home, const std::string& target) {
  return json_of(home.must({"why", target, "--json"}).out);
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != text.npos;
}

}  // namespace

TEST_CASE("why tells code, last lines of both streams, and what comes next") {
  const TestHome home;
  home.work().write("bad.py",
                    "import sys\n"
                    "for i in range(100): print('chatter', i)\n"
                    "sys.stdout.flush()\n"
                    "print('no such table: users', file=sys.stderr)\n"
                    "sys.exit(3)\n");
  home.lodge({"start", "bad.py", "--max-restarts", "2", "--min-uptime", "5m"});
  REQUIRE(home.reaches("bad", "errored"));
  const auto text = home.must({"why", "bad"}).out;
  CHECK(has(text, "exited with code 3"));
  CHECK(has(text, "3rd exit in the last hour"));
  CHECK(has(text, "not signalled"));
  CHECK(has(text, "! no such table: users"));
  CHECK(has(text, "chatter 99"));
  CHECK_FALSE(has(text, "chatter 5\n"));
  CHECK(has(text, "next: errored"));
  const auto json = why(home, "bad");
  CHECK(json.at("exit").at("code") == 3);
  CHECK(json.at("exit").at("ended_by") == "itself");
  CHECK(json.at("exit").at("restarts") == 2);
  CHECK(json.at("exits_in_hour") == 3);
  CHECK(json.at("lines").size() == 11);
  const auto waits = home.events("bad", "wait");
  REQUIRE_FALSE(waits.empty());
  CHECK(waits.back().at("restarts_left") == 0);
}

TEST_CASE(
    "who ended it: a command by name, kill_timeout, or somebody outside") {
  const TestHome home;
  home.start("api", "sleep 1000");
  home.must({"stop", "api"});
  auto json = why(home, "api");
  CHECK(json.at("exit").at("ended_by") == "asked");
  CHECK(json.at("asked").at("command") == "lodge stop api");
  CHECK(has(home.must({"why", "api"}).out, "(lodge stop api)"));

  home.start("deaf", "trap '' INT TERM; while :; do sleep 0.05; done",
             {"--kill-timeout", "200ms"});
  home.must({"stop", "deaf"});
  json = why(home, "deaf");
  CHECK(json.at("exit").at("ended_by") == "kill_timeout");

  home.start("shot", "exec sleep 1000");
  const int pid = home.app("shot").pid;
  REQUIRE(::kill(pid, SIGTERM) == 0);
  REQUIRE(wait_until([&] { return home.events("shot", "start").size() == 2; }));
  json = why(home, "shot");
  CHECK(json.at("exit").at("signal") == SIGTERM);
  CHECK(json.at("exit").at("ended_by") == "outside");
  CHECK(json.at("restarted").is_object());
  CHECK(has(home.must({"why", "shot"}).out, "from outside"));
  CHECK(has(home.must({"why", "shot"}).out, "restarted in"));
}

TEST_CASE("a runtime that says its memory is out is believed") {
  const TestHome home;
  home.work().write("greedy.py", "raise MemoryError\n");
  home.lodge({"start", "greedy.py", "--no-autorestart", "--min-uptime", "5m"});
  REQUIRE(wait_until([&] { return !home.events("greedy", "exit").empty(); }));
  const auto json = why(home, "greedy");
  CHECK(json.at("exit").at("oom") == "certain");
  CHECK(json.at("exit").at("evidence") == "python: MemoryError");
  CHECK(has(home.must({"why", "greedy"}).out, "out of memory: python"));
  CHECK(has(home.must({"events", "greedy"}).out, "out of memory"));
}

TEST_CASE("node's heap running out is told from other aborts") {
  if (!has_program("node")) return;
  const TestHome home;
  home.work().write(
      "leak.js",
      "const keep = []; for (;;) keep.push(new Array(1e5).fill(1.5));\n");
  home.lodge({"start", "leak.js", "--interpreter-args",
              "--max-old-space-size=24", "--no-autorestart", "--min-uptime",
              "5m"});
  REQUIRE(wait_until([&] { return !home.events("leak", "exit").empty(); }));
  const auto exit = home.events("leak", "exit").front();
  CHECK(exit.value("oom", "") == "certain");
  CHECK(exit.value("evidence", "") == "node: JavaScript heap out of memory");
}

TEST_CASE("SIGKILL from outside says whether the kernel did it") {
  const TestHome home;
  home.start("shot", "exec sleep 1000");
  REQUIRE(::kill(home.app("shot").pid, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return !home.events("shot", "exit").empty(); }));
  const auto exit = home.events("shot", "exit").front();
  CHECK(exit.at("ended_by") == "outside");
  // Somebody else's machine may run out of memory at this very moment.
  const bool told = exit.contains("oom") && exit.contains("evidence");
  CHECK(told);
}

TEST_CASE("the history is there after the daemon, and after everything") {
  const TestHome home;
  home.start("api", "echo last words; exec sleep 1000");
  for (size_t i = 1; i <= 2; ++i) {
    REQUIRE(::kill(home.app("api").pid, SIGTERM) == 0);
    REQUIRE(wait_until([&] {
      return home.events("api", "start").size() == i + 1 &&
             home.has_status("api", "online");
    }));
    if (i == 1) home.kill_daemon();
  }
  CHECK(why(home, "api").at("exits_in_hour") == 2);
  home.must({"kill"});
  const auto ran = home.must({"why", "api"});
  CHECK(has(ran.err, "no daemon"));
  CHECK(has(ran.out, "last words"));
  CHECK(has(ran.out, "3rd exit in the last hour"));
}

TEST_CASE(
    "of several instances the last one to exit, or the one that is named") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"-i", "3"});
  const auto rows = home.list();
  REQUIRE(rows.size() == 3);
  for (const size_t i : {2, 1}) {
    REQUIRE(::kill(rows[i].pid, SIGTERM) == 0);
    REQUIRE(
        wait_until([&] { return home.events("api", "exit").size() == 3 - i; }));
  }
  CHECK(why(home, "api").at("instance") == 1);
  CHECK(why(home, "api/2").at("instance") == 2);
  CHECK(has(home.must({"why", "api"}).out, "api/1"));
  CHECK(home.lodge({"why", "api/0"}).exit == 1);
}

TEST_CASE("what has not exited, and what is not there, is said so") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const auto ran = home.lodge({"why", "api"});
  CHECK(ran.exit == 1);
  CHECK(has(ran.err, "has not exited"));
  CHECK(home.lodge({"why", "apj"}).exit == 2);
}

TEST_CASE(
    "a change of environment or settings is an event, without its values") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  RunOptions with;
  with.env.emplace_back("DATABASE_URL", "postgres://s3cret");
  home.must({"restart", "api", "--update-env"}, with);
  home.must({"start", "exec sleep 1000", "--name", "api", "--max-restarts", "3",
             "--min-uptime", "10ms"});
  const auto changes = home.events("api", "config");
  REQUIRE(changes.size() >= 2);
  const auto keys = changes.front().at("keys").get<std::vector<std::string>>();
  CHECK(std::ranges::count(keys, "env.DATABASE_URL") == 1);
  CHECK(changes.front().at("command") == "lodge restart api --update-env");
  CHECK_FALSE(changes.front().value("actor", "").empty());
  const auto more = changes.back().at("keys").get<std::vector<std::string>>();
  CHECK(std::ranges::count(more, "max_restarts") == 1);
  for (const auto& event : home.events("api"))
    CHECK_FALSE(has(event.dump(), "s3cret"));
  CHECK(has(home.must({"why", "api"}).out, "env.DATABASE_URL"));
  const auto history = home.must({"history", "api"}).out;
  CHECK(has(history, "1  "));
  CHECK(has(history, "created by"));
  CHECK(has(history, "max_restarts"));
}

TEST_CASE("history tells of scaling, and takes no crash for a new app") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"-i", "2"});
  home.must({"scale", "api", "1"});
  REQUIRE(::kill(home.app("api").pid, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return home.events("api", "start").size() == 3; }));
  auto rows = json_lines(home.must({"history", "api", "--json"}).out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("created") == true);
  CHECK(rows[1].at("keys").dump() == R"(["instances"])");
  CHECK(rows[1].at("command") == "lodge scale api 1");
  home.must({"scale", "api", "1"});  // as it is
  home.must({"delete", "api"});
  home.start("api", "exec sleep 1000");
  rows = json_lines(home.must({"history", "api", "--json"}).out);
  REQUIRE(rows.size() == 3);
  CHECK(rows[2].at("created") == true);
}

TEST_CASE("a seal that was asked for says by whom, a setting too") {
  const TestHome home;
  home.start("api", "echo x; exec sleep 1000");
  REQUIRE(wait_until(
      [&] { return home.must({"logs", "api", "--raw"}).out == "x\n"; }));
  home.must({"rotate", "api"});
  REQUIRE(wait_until([&] { return !home.events("api", "seal").empty(); }));
  CHECK(home.events("api", "seal").front().at("command") == "lodge rotate api");
  home.must({"set", "logs.cap", "200M"});
  const auto set = home.must({"events", "lodge", "--kind", "config"}).out;
  CHECK(has(set, "changed logs.cap"));
}

TEST_CASE("events can be narrowed as lines can") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.must({"restart", "api"});
  CHECK(home.must({"events", "api", "--generation", "2", "-c"}).out == "1\n");
  CHECK(home.must({"events", "api", "-g", "started", "--and", "restart", "-c"})
            .out == "1\n");
  CHECK(home.must({"events", "api", "-F", "-g", "(lodge restart", "-c"}).out !=
        "0\n");
  CHECK(home.must({"events", "api", "--around", "now", "--window", "1h", "-c"})
            .out != "0\n");
}

TEST_CASE("memory and cpu in list are those of the whole tree") {
  const TestHome home;
  home.start("tree",
             "python3 -c 'x = bytearray(64 << 20); import time; "
             "time.sleep(1000)'; true");
  const auto memory = [&] {
    return json_of(home.must({"list", "--json"}).out)
        .at(0)
        .at("memory_bytes")
        .get<int64_t>();
  };
  CHECK(wait_until([&] { return memory() > (int64_t{64} << 20); }));
  REQUIRE(::kill(home.app("tree").pid, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return !home.events("tree", "exit").empty(); }));
  CHECK(home.events("tree", "exit").front().value("memory_bytes", 0) >
        (64 << 20));
}

}  // namespace support
