// Who starts a daemon, how many of them, and who never does.

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>

#include "support/lines/checker.h"
#include "support/test_home.h"

namespace support {
namespace {

// Nothing runs and nothing was made.
void check_untouched(const TestHome& home) {
  CHECK_FALSE(std::filesystem::exists(home.path()));
  CHECK(home.processes().empty());
}

}  // namespace

TEST_CASE("fifty starts at once with no daemon: one daemon, fifty apps") {
  const TestHome home;
  std::vector<Child> starts;
  for (int i = 0; i < 50; ++i)
    starts.push_back(home.background(
        {"start", "sleep 1000", "--name", "a" + std::to_string(i)}));
  for (auto& start : starts) {
    const Ran ran = start.wait(60s);
    CHECK(ran.in_time);
    CHECK_FALSE(ran.output_held);
    INFO(ran.out, ran.err);
    CHECK(ran.exit == 0);
  }
  Report report;
  check_processes(home.path(), {.daemons = 1, .keepers = 1}, report);
  INFO(report.text());
  CHECK(report.clean());
  const auto rows = home.list();
  CHECK(rows.size() == 50);
  for (const auto& row : rows) {
    CHECK(row.status == "online");
    CHECK(row.restarts == 0);
    CHECK(is_running(row.pid));
  }
}

TEST_CASE("without a daemon, commands that need one exit 3 and say how") {
  const TestHome home;
  for (const std::vector<std::string>& args : {std::vector<std::string>{"list"},
                                               {"jlist"},
                                               {"stop", "all"},
                                               {"restart", "api"},
                                               {"delete", "api"},
                                               {"describe", "api"},
                                               {"pid", "api"},
                                               {"ping"},
                                               {"flush"}}) {
    const Ran ran = home.lodge(args);
    INFO(command_line(args), ": ", ran.err);
    CHECK(ran.exit == 3);
    CHECK(ran.out.empty());
    CHECK(ran.err.find("no daemon in " + home.path()) != std::string::npos);
    CHECK(ran.err.find("lodge start") != std::string::npos);
    check_untouched(home);
  }
}

TEST_CASE("help, version and usage errors start nothing") {
  const TestHome home;
  struct Row {
    std::vector<std::string> args;
    int exit;
  };
  for (const auto& [args, exit] : std::vector<Row>{
           {{"--help"}, 0},
           {{"-h"}, 0},
           {{"--version"}, 0},
           {{"version"}, 0},
           {{"help"}, 0},
           {{"start", "--help"}, 0},
           {{"list", "-h"}, 0},
           {{"nosuchcommand"}, 2},
           {{"--nosuchflag"}, 2},
           {{"start", "--nosuchflag"}, 2},
           {{"start", "sleep 5", "--name"}, 2},
           {{"stop"}, 2},
           {{"logs", "-n", "some"}, 2},
           {{"logs", "--since", "whenever"}, 2},
       }) {
    const Ran ran = home.lodge(args);
    INFO(command_line(args), "\n", ran.out, ran.err);
    CHECK(ran.exit == exit);
    if (exit == 2) CHECK(ran.err.starts_with("lodge: "));
    check_untouched(home);
  }
}

TEST_CASE("mistyped commands and flags name the nearest") {
  const TestHome home;
  CHECK(home.lodge({"strat", "x"}).err.find("start") != std::string::npos);
  CHECK(home.lodge({"start", "--nmae", "x"}).err.find("--name") !=
        std::string::npos);
}

TEST_CASE("reading commands work without a daemon, and start none") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  CHECK(wait_until(
      [&] { return home.must({"logs", "api", "--raw"}).out == "hello\n"; }));
  home.must({"kill"});
  CHECK(home.processes().empty());
  CHECK(home.must({"logs", "api", "--raw"}).out == "hello\n");
  CHECK(home.must({"events", "api"}).out.find("started") != std::string::npos);
  CHECK(home.lodge({"list"}).exit == 3);
  CHECK(home.processes().empty());
}

TEST_CASE("kill ends all, once, and says so when there is nothing") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const Ran ran = home.must({"kill"});
  CHECK(home.processes().empty());
  const Ran again = home.lodge({"kill"});
  const bool sensible = again.exit == 0 || again.exit == 3;
  CHECK(sensible);
}

TEST_CASE("a script's $(...) around start ends with start") {
  const TestHome home;
  const Ran ran = run(
      {"bash", "-c",
       "x=$(" + lodge_binary() +
           " start 'exec sleep 1000' --name a --min-uptime 50ms 2>&1); echo "
           "\"$?\""},
      home.in_home());
  CHECK(ran.out == "0\n");
  CHECK(home.app("a").status == "online");
}

TEST_CASE("ping names daemon and keeper") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  CHECK(home.must({"ping"}).exit == 0);
  const std::string json = home.must({"ping", "--json"}).out;
  CHECK(json.find(std::to_string(home.daemon_pid())) != std::string::npos);
  REQUIRE(home.keepers().size() == 1);
  CHECK(json.find(std::to_string(home.keepers()[0].pid)) != std::string::npos);
}

TEST_CASE("a socket and locks left by a crash are no daemon") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.kill_daemon_and_keeper();
  const auto app = home.processes();
  for (const auto& process : app) ::kill(process.pid, SIGKILL);
  CHECK(wait_until([&] { return home.processes().empty(); }));
  CHECK(home.lodge({"list"}).exit == 3);
  home.start("web", "exec sleep 1000");
  CHECK(home.app("web").status == "online");
  CHECK(home.app("api").status == "online");  // restored
}

}  // namespace support
