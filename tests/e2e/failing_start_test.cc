// Apps that don't come up: what `start` says, how restarts slow down, and
// where they end.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

// However slowly a shell or an interpreter starts: what ends is unstable.
const std::vector<std::string> kAnyLifeIsShort = {"--min-uptime", "5m"};

Ran start(const TestHome& home, std::vector<std::string> words) {
  words.insert(words.begin(), "start");
  words.insert(words.end(), kAnyLifeIsShort.begin(), kAnyLifeIsShort.end());
  return home.lodge(words);
}

}  // namespace

TEST_CASE("a script that exits at once fails start, with its last lines") {
  const TestHome home;
  home.work().write("bad.py",
                    "import sys\nprint('about to fail', flush=True)\n"
                    "print('no such table: users', file=sys.stderr)\n"
                    "sys.exit(3)\n");
  const Ran ran = start(home, {"bad.py"});
  CHECK(ran.exit == 1);
  const std::string all = ran.out + ran.err;
  CHECK(all.find("code 3") != std::string::npos);
  CHECK(all.find("about to fail") != std::string::npos);
  CHECK(all.find("no such table: users") != std::string::npos);
}

TEST_CASE("the waits between restarts grow, and errored says why") {
  const TestHome home;
  const Ran ran =
      start(home, {"exit 7", "--name", "bad", "--max-restarts", "6"});
  CHECK(ran.exit == 1);
  REQUIRE(home.reaches("bad", "errored"));
  std::vector<int64_t> delays;
  for (const auto& event : home.events("bad", "wait"))
    delays.push_back(event.at("delay_ms"));
  REQUIRE(delays.size() >= 4);
  // Jitter may blur a step of 1.5, not two of them.
  for (size_t i = 2; i < delays.size(); ++i) CHECK(delays[i] > delays[i - 2]);
  CHECK(home.app("bad").restarts == 6);
  CHECK(home.events("bad", "exit").size() == 7);
  const auto errored = home.events("bad", "errored");
  REQUIRE(errored.size() == 1);
  CHECK_FALSE(errored[0].value("reason", "").empty());
  const std::string shown = home.must({"describe", "bad"}).out;
  CHECK(shown.find("errored") != std::string::npos);
  CHECK(shown.find(errored[0].at("reason").get<std::string>()) !=
        std::string::npos);
}

TEST_CASE("--max-restarts 3 ends a crash loop as errored after three") {
  const TestHome home;
  CHECK(
      start(home, {"echo up; exit 1", "--name", "loop", "--max-restarts", "3"})
          .exit == 1);
  REQUIRE(home.reaches("loop", "errored"));
  CHECK(home.events("loop", "start").size() == 4);
  CHECK(home.app("loop").restarts == 3);
  CHECK(home.must({"logs", "loop", "--raw", "-n", "all"}).out ==
        "up\nup\nup\nup\n");
}

TEST_CASE("a crash loop is bounded while nobody looks") {
  const TestHome home;
  start(home, {"exit 1", "--name", "loop", "--no-wait"});
  CHECK(wait_until([&] { return home.events("loop", "wait").size() >= 5; }));
  // Five waits of 100 ms growing by 1.5 with jitter: in the time that they
  // take, no more starts than they allow.
  const size_t waits = home.events("loop", "wait").size();
  const size_t starts = home.events("loop", "start").size();
  CHECK(starts <= waits + 2);
}

TEST_CASE("an app that ends well and is not restarted is a success") {
  const TestHome home;
  const Ran ran =
      start(home, {"echo done", "--name", "job", "--no-autorestart"});
  CHECK(ran.exit == 0);
  CHECK(home.app("job").status == "stopped");
  CHECK(home.app("job").restarts == 0);
  CHECK(home.must({"logs", "job", "--raw"}).out == "done\n");
}

TEST_CASE("a stop exit code means done") {
  const TestHome home;
  start(home, {"exit 42", "--name", "job", "--stop-exit-codes", "42"});
  CHECK(home.reaches("job", "stopped"));
  CHECK(home.events("job", "start").size() == 1);
}

TEST_CASE("what can't be started says what to do, and is not kept") {
  const TestHome home;
  home.work().write("api.js", "setInterval(()=>{},1000)");
  home.work().write("notes.txt", "no program\n");
  struct Row {
    std::vector<std::string> args;
    std::string says;
  };
  for (const auto& [args, says] : std::vector<Row>{
           {{"start", "/nonexistent"}, "nonexistent"},
           {{"start", "ap.js"}, "did you mean api.js?"},
           {{"start", "nosuchprogram"}, "nosuchprogram"},
           {{"start", "sleep 5", "--name", "bad name"}, "bad name"},
           {{"start", "sleep 5", "--name", "all"}, "all"},
           {{"start", "sleep 5", "--name", "42"}, "42"},
           {{"start", "sleep 5", "--name", "../../etc/x"}, "../../etc/x"},
           {{"start", "sleep 5", "--cwd", "/nonexistent"}, "/nonexistent"},
           {{"start", "api.js", "--interpreter", "nosuchthing"}, "nosuchthing"},
           {{"start", "sleep 5", "--min-uptime", "soon"}, "soon"},
           {{"start", "sleep 5", "-i", "1x"}, "1x"},
           {{"start", "sleep 5", "-i", "many"}, "many"},
           {{"start"}, ""},
       }) {
    const Ran ran = home.lodge(args);
    INFO(command_line(args), "\nstdout: ", ran.out, "\nstderr: ", ran.err);
    const bool refused = ran.exit == 1 || ran.exit == 2;
    CHECK(refused);
    CHECK(ran.err.starts_with("lodge: "));
    CHECK(ran.err.find(says) != std::string::npos);
  }
  const Ran list = home.lodge({"jlist"});
  if (list.exit == 0) CHECK(json_of(list.out).empty());
}

TEST_CASE("a second app of a name is told, and the first left alone") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const pid_t pid = home.app("api").pid;
  home.must(
      {"start", "exec sleep 1000", "--name", "api", "--min-uptime", "50ms"});
  CHECK(home.list().size() == 1);
  CHECK(home.app("api").pid == pid);
}

TEST_CASE("a script that can't be executed is told by its reason") {
  const TestHome home;
  home.work().write("noexec", "no program of any kind\n", 0644);
  home.work().write("badshebang", "#!/nonexistent/interpreter\n", 0755);
  for (const std::string script : {"./noexec", "./badshebang"}) {
    const Ran ran = start(home, {script, "--name", "x", "--max-restarts", "0"});
    INFO(script, ran.out, ran.err);
    CHECK(ran.exit == 1);
    CHECK(ran.err.starts_with("lodge: start: "));
    home.lodge({"delete", "x"});
  }
}

TEST_CASE("a script without x bit runs by its first line") {
  const TestHome home;
  home.work().write("plain", "#!/bin/sh\necho ran; exec sleep 1000\n", 0644);
  home.start("plain", "./plain");
  CHECK(wait_until(
      [&] { return home.must({"logs", "plain", "--raw"}).out == "ran\n"; }));
}

}  // namespace support
