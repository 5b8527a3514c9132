// The smaller verbs, and targets in every command.

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

std::vector<int> numbers(std::string_view text) {
  std::vector<int> all;
  for (size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    all.push_back(std::stoi(std::string(text.substr(at, end - at))));
    at = end + 1;
  }
  return all;
}

std::string raw(const TestHome& home, const std::string& app) {
  return home.must({"logs", app, "--raw", "-n", "all"}).out;
}

}  // namespace

TEST_CASE("scale adds and takes instances, and leaves the others alone") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const pid_t first = home.app("api").pid;
  const Ran four = home.must({"scale", "api", "4"});
  INFO(four.out);
  CHECK(four.out.find("api: started 3 instances") != std::string::npos);
  CHECK(home.list().size() == 4);
  home.must({"scale", "api", "-1"});
  home.must({"scale", "api", "+2"});
  CHECK(numbers(home.must({"id", "api"}).out) ==
        std::vector<int>{0, 1, 2, 4, 5});
  CHECK(home.must({"scale", "api", "5"}).out.find("api: unchanged") !=
        std::string::npos);
  home.must({"scale", "id:0", "1"});  // the highest numbers go
  CHECK(home.list().size() == 1);
  CHECK(home.app("api").pid == first);
  CHECK(home.app("api").restarts == 0);
}

TEST_CASE("scale refuses what is no number of instances of one app") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.start("web", "exec sleep 1000");
  struct Row {
    std::vector<std::string> args;
    int exit;
    std::string says;
  };
  for (const auto& [args, exit, says] : std::vector<Row>{
           {{"scale", "api", "0"}, 2, "one must stay"},
           {{"scale", "api", "-1"}, 2, "one must stay"},
           {{"scale", "api", "2000"}, 2, "at most 1024"},
           {{"scale", "api", "two"}, 2, "two: not a number"},
           {{"scale", "api", "+"}, 2, "+: not a number"},
           {{"scale", "api", "--1"}, 2, "--1"},
           {{"scale", "all", "2"}, 2, "all: several apps"},
           {{"scale", "apo", "2"}, 1, "did you mean api?"},
           {{"scale", "api"}, 2, "is missing"},
       }) {
    const Ran ran = home.lodge(args);
    INFO(command_line(args), "\n", ran.out, ran.err);
    CHECK(ran.exit == exit);
    CHECK(ran.err.find(says) != std::string::npos);
  }
  CHECK(home.list().size() == 2);
}

TEST_CASE("reload restarts one by one and stops where one does not come up") {
  const TestHome home;
  home.work().write("flag", "go");
  home.start("api",
             "test -e " + home.work().file("flag") +
                 " || exit 3; "
                 "exec sleep 1000",
             {"-i", "3", "--max-restarts", "0", "--min-uptime", "2s"});
  const auto before = home.list();
  const Ran ran = home.must({"reload", "api"});
  CHECK(ran.err.find("one by one") != std::string::npos);
  const auto after = home.list();
  REQUIRE(after.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(after[i].pid != before[i].pid);
  std::vector<int> started;  // each only after the one before was ready
  for (const auto& event : home.events("api"))
    if (event["event"] == "start" || event["event"] == "stop")
      started.push_back(event["instance"].get<int>());
  CHECK(std::vector<int>(started.end() - 6, started.end()) ==
        std::vector<int>{0, 0, 1, 1, 2, 2});
  REQUIRE(::unlink(home.work().file("flag").c_str()) == 0);
  const Ran failed = home.lodge({"reload", "api"});
  INFO(failed.out, failed.err);
  CHECK(failed.exit == 1);
  CHECK(failed.err.find("2 instances after that one left as they were") !=
        std::string::npos);
  const auto left = home.list();
  CHECK(left[1].pid == after[1].pid);
  CHECK(left[2].pid == after[2].pid);
}

TEST_CASE("startOrRestart starts what is down and restarts what is up") {
  const TestHome home;
  home.start("up", "exec sleep 1000");
  home.start("down", "exec sleep 1000");
  home.must({"stop", "down"});
  const pid_t before = home.app("up").pid;
  const Ran ran = home.must({"startOrRestart", "up", "down"});
  INFO(ran.out);
  CHECK(ran.out.find("up: restarted") != std::string::npos);
  CHECK(ran.out.find("down: started") != std::string::npos);
  CHECK(home.app("up").pid != before);
  CHECK(home.app("down").status == "online");
  const pid_t again = home.app("up").pid;
  const Ran reload = home.must({"start-or-reload", "up"});
  CHECK(reload.err.find("one by one") != std::string::npos);
  CHECK(home.app("up").pid != again);
}

TEST_CASE("reset takes restart counters back, also for a later daemon") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  for (int i = 1; i <= 2; ++i) {
    home.must({"sendSignal", "KILL", "api"});
    // Counted when it is ended, not when it runs again.
    REQUIRE(wait_until([&] {
      const auto row = home.app("api");
      return row.restarts == i && row.status == "online";
    }));
  }
  home.must({"reset", "api"});
  CHECK(home.app("api").restarts == 0);
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  CHECK(home.app("api").restarts == 0);
  CHECK(home.lodge({"reset", "nope"}).exit == 1);
}

TEST_CASE("a signal goes to each process meant, by any of its names") {
  const TestHome home;
  home.start("api",
             "trap 'echo got usr1' USR1; echo up; "
             "while :; do sleep 0.05; done",
             {"-i", "2"});
  home.start("other", "trap 'echo got usr1' USR1; while :; do sleep 1; done");
  CHECK(wait_until([&] { return raw(home, "api") == "up\nup\n"; }));
  const Ran ran = home.must({"sendSignal", "SIGUSR1", "api"});
  CHECK(ran.out.find("SIGUSR1") != std::string::npos);
  home.must({"sendsignal", "10", "api/1"});
  CHECK(wait_until([&] {
    const auto text = raw(home, "api");
    return std::ranges::count(text, '\n') >= 4;
  }));
  CHECK(raw(home, "other").empty());
  const Ran wrong = home.lodge({"sendSignal", "SIGUSR3", "api"});
  CHECK(wrong.exit == 2);
  CHECK(wrong.err ==
        "lodge: sendSignal: SIGUSR3: no such signal \u00b7 did you mean "
        "SIGUSR1?\n");
  home.must({"stop", "other"});
  const Ran down = home.lodge({"sendSignal", "USR1", "other"});
  CHECK(down.exit == 1);
  CHECK(down.err.find("other: it is not running") != std::string::npos);
}

TEST_CASE("send puts a line into the stdin of one instance") {
  const TestHome home;
  home.start("echo", "while read -r line; do echo \"<$line>\"; done",
             {"-i", "2"});
  home.must({"send", "echo/1", "hello  world", "again"});
  CHECK(wait_until(
      [&] { return raw(home, "echo/1") == "<hello  world again>\n"; }));
  CHECK(raw(home, "echo/0").empty());
  // Also after the daemon was another.
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"send", "0", "x"}).exit == 0; }));
  CHECK(wait_until([&] { return raw(home, "echo/0") == "<x>\n"; }));
  const Ran both = home.lodge({"send", "echo", "x"});
  CHECK(both.exit == 2);
  CHECK(both.err.find("one instance at a time") != std::string::npos);
  home.must({"stop", "echo"});
  CHECK(home.lodge({"send", "0", "x"}).exit == 1);
}

TEST_CASE("what an app does not read is refused when its input is full") {
  const TestHome home;
  home.start("deaf", "exec sleep 1000");
  const std::string line(60'000, 'x');
  home.must({"send", "deaf", line});
  const Ran full = home.lodge({"send", "deaf", line});
  CHECK(full.exit == 1);
  CHECK(full.err.find("its input is full") != std::string::npos);
}

TEST_CASE("attach passes lines on and shows what the app says, until Ctrl-C") {
  const TestHome home;
  home.start("echo",
             "echo before; while read -r line; do echo \"<$line>\"; done");
  CHECK(wait_until([&] { return raw(home, "echo") == "before\n"; }));
  Child attached =
      home.background({"attach", "echo"}, {.input = "one\nt\xff\n\nthree\n"});
  CHECK(wait_until(
      [&] { return attached.out() == "<one>\n<t\xff>\n<>\n<three>\n"; }));
  CHECK(attached.err() ==
        "lodge: attach: echo (id 0) \u00b7 Ctrl-C detaches\n");
  attached.signal(SIGINT);
  const Ran ran = attached.wait();
  CHECK(ran.exit == 0);
  CHECK(home.app("echo").restarts == 0);
  CHECK(home.lodge({"attach", "nope"}).exit == 1);
}

TEST_CASE("attach speaks to an app that has a terminal") {
  const TestHome home;
  home.start("tty", "while read -r line; do echo \"<$line>\"; done",
             {"--set", "log.pty=true"});
  Child attached = home.background({"attach", "tty"}, {.input = "one\n"});
  CHECK(wait_until(
      [&] { return attached.out().find("<one>") != std::string::npos; }));
  attached.signal(SIGINT);
  CHECK(attached.wait().exit == 0);
}

TEST_CASE("env is what the app has, with its secrets masked") {
  const TestHome home;
  home.must({"start", "env; exec sleep 1000", "--name", "api", "--min-uptime",
             "50ms"},
            {.env = {{"DB_PASSWORD", "hunter2"},
                     {"DATABASE_URL", "pg://u:hunter3@db/x"},
                     {"COLOR", "blue"}}});
  const std::string masked = home.must({"env", "api"}).out;
  CHECK(masked.find("\nCOLOR=blue\n") != std::string::npos);
  CHECK(masked.find("\nDB_PASSWORD=***\n") != std::string::npos);
  CHECK(masked.find("DATABASE_URL=pg://u:***@db/x") != std::string::npos);
  CHECK(masked.find("hunter") == std::string::npos);
  const auto json = json_of(home.must({"env", "0", "--json"}).out);
  CHECK(json["env"]["COLOR"] == "blue");
  CHECK(json["env"]["DB_PASSWORD"] == "***");
  const std::string shown = home.must({"env", "api", "--show-secrets"}).out;
  CHECK(shown.find("\nDB_PASSWORD=hunter2\n") != std::string::npos);
}

TEST_CASE("every command takes every form of a target, and --exclude") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"-i", "2", "--namespace", "shop"});
  home.start("web", "exec sleep 1000", {"--namespace", "shop"});
  home.start("db", "exec sleep 1000");
  struct Row {
    std::vector<std::string> words;
    std::vector<int> ids;
  };
  for (const auto& [words, ids] : std::vector<Row>{
           {{"all"}, {0, 1, 2, 3}},
           {{"1"}, {1}},
           {{"id:1"}, {1}},
           {{"api"}, {0, 1}},
           {{"app:api"}, {0, 1}},
           {{"api/1"}, {1}},
           {{"shop"}, {0, 1, 2}},
           {{"ns:shop"}, {0, 1, 2}},
           {{"*b"}, {2, 3}},
           {{"/^(web|db)$/"}, {2, 3}},
           {{"web", "0", "web"}, {0, 2}},
           {{"shop", "--exclude", "api/0"}, {1, 2}},
           {{"all", "--exclude", "shop", "--exclude", "nothing*"}, {}},
       }) {
    for (const std::string command : {"id", "describe", "env", "list"}) {
      std::vector<std::string> args = {command, "--json"};
      args.insert(args.end(), words.begin(), words.end());
      const Ran ran = home.lodge(args);
      INFO(command_line(args), "\n", ran.out, ran.err);
      if (ids.empty()) {
        CHECK(ran.exit == 1);
        continue;
      }
      CHECK(ran.exit == 0);
      std::vector<int> found;
      const bool array = command == "describe" || command == "list";
      for (const auto& row :
           array ? json_of(ran.out).get<std::vector<nlohmann::json>>()
                 : json_lines(ran.out))
        found.push_back(row["id"].get<int>());
      CHECK(found == ids);
    }
  }
  for (const std::string command :
       {"stop", "restart", "delete", "reload", "reset", "describe", "env",
        "pid", "id", "list", "flush"}) {
    const Ran ran = home.lodge({command, "ap"});
    INFO(command, ran.out, ran.err);
    CHECK(ran.exit == 1);
    CHECK(ran.err.find("did you mean api?") != std::string::npos);
  }
  CHECK(numbers(home.must({"pid", "shop", "--exclude", "api"}).out) ==
        std::vector<int>{home.app("web").pid});
}

TEST_CASE("a word that could mean two things shows the forms that can't") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.start("web", "exec sleep 1000", {"--namespace", "api"});
  for (const std::string command : {"stop", "restart", "env", "id", "reset"}) {
    const Ran ran = home.lodge({command, "api"});
    INFO(command, ran.out, ran.err);
    CHECK(ran.exit == 2);
    CHECK(ran.err.find("say app:api or ns:api") != std::string::npos);
  }
  CHECK(home.must({"id", "ns:api"}).out == "1\n");
}

TEST_CASE("PM2's commands that are not there say what is") {
  const TestHome home;
  for (const std::string command :
       {"trigger", "install", "link", "plus", "serve", "multiset", "logrotate",
        "sysinfos", "pull", "profile:cpu"}) {
    const Ran ran = home.lodge({command, "x"});
    INFO(command, ran.err);
    CHECK(ran.exit == 2);
    CHECK(ran.err.starts_with("lodge: " + command +
                              ": PM2's, not a command of lodge \u00b7 "));
  }
  CHECK(home.lodge({"nonsense"}).err ==
        "lodge: nonsense: no such command \u00b7 every command: lodge help\n");
}

}  // namespace support
