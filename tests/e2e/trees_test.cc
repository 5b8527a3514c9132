// Whole process trees end with their app, stubborn ones by force.

#include <doctest/doctest.h>
#include <signal.h>

#include "support/test_home.h"

namespace support {
namespace {

// Every process of the app that `mark` names in its environment.
size_t living(const std::string& mark) {
  return processes_with_env("TREE_MARK", mark).size();
}

// Starts an app whose processes bear the mark, and they alone: not the daemon,
// which would inherit it if this was the first start.
void start_marked(const TestHome& home, const std::string& mark,
                  const std::vector<std::string>& args) {
  if (home.daemons().empty()) home.start("first", "exec sleep 1000");
  std::vector<std::string> words = {"start", "--min-uptime", "50ms"};
  words.insert(words.end(), args.begin(), args.end());
  home.must(std::move(words), {.env = {{"TREE_MARK", mark}}});
}

}  // namespace

TEST_CASE("children, grandchildren and their daemons end with stop") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  home.work().write("tree.sh",
                    "sleep 1000 &\n"                      // child
                    "bash -c 'sleep 1001 & wait' &\n"     // grandchild
                    "(setsid bash -c 'sleep 1002' &) \n"  // double fork
                    "bash -c \"trap '' INT TERM; sleep 1003 & wait\" &\n"
                    "trap '' TERM INT\n"
                    "echo ready\n"
                    "while :; do sleep 1004; done\n");
  start_marked(home, mark, {"tree.sh", "-k", "1s"});
  CHECK(wait_until([&] {
    return home.must({"logs", "tree", "--raw"}).out == "ready\n" &&
           living(mark) >= 7;
  }));
  const Ran ran = home.must({"stop", "tree"});
  CHECK(living(mark) == 0);
  CHECK(ran.wall < 8s);  // hangs are what is meant, not the second
  CHECK(home.app("tree").status == "stopped");
}

TEST_CASE("a tree that ends politely is not waited for") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  start_marked(home, mark,
               {"sleep 1000 & sleep 1001 & wait", "--name", "t", "-k", "60s"});
  CHECK(wait_until([&] { return living(mark) >= 3; }));
  // The test's deadline is the kill timeout's half.
  home.must({"stop", "t"}, {.deadline = 30s});
  CHECK(living(mark) == 0);
}

TEST_CASE("an app that handles SIGINT ends its own way, and is waited for") {
  const TestHome home;
  home.work().write("polite.py",
                    "import signal, sys, time\n"
                    "def bye(*_):\n"
                    "    print('closing', flush=True); time.sleep(0.3)\n"
                    "    print('closed', flush=True); sys.exit(0)\n"
                    "signal.signal(signal.SIGINT, bye)\n"
                    "signal.signal(signal.SIGTERM, bye)\n"
                    "print('up', flush=True)\n"
                    "while True: time.sleep(1)\n");
  home.start("polite", "polite.py");
  CHECK(wait_until(
      [&] { return home.must({"logs", "polite", "--raw"}).out == "up\n"; }));
  home.must({"stop", "polite"});
  CHECK(home.must({"logs", "polite", "--raw"}).out == "up\nclosing\nclosed\n");
}

TEST_CASE(
    "when the wrapper is killed its children do not live on beside the"
    " next") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  start_marked(home, mark,
               {"sleep 1000 & sleep 1001 & wait", "--name", "w", "-k", "1s"});
  CHECK(wait_until([&] { return living(mark) == 3; }));
  const AppRow before = home.app("w");
  ::kill(before.pid, SIGKILL);
  CHECK(wait_until([&] {
    const AppRow now = home.app("w");
    return now.status == "online" && now.pid != before.pid && living(mark) == 3;
  }));
}

TEST_CASE("stopping one app leaves the tree of another") {
  const TestHome home;
  home.start("one", "sleep 1000 & wait");
  home.start("two", "sleep 1000 & wait");
  const pid_t two = home.app("two").pid;
  home.must({"stop", "one"});
  CHECK(is_running(two));
  CHECK(wait_until([&] { return descendants(two).size() == 1; }));
}

TEST_CASE("delete ends the tree and forgets the app, its logs stay") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  start_marked(home, mark, {"echo hello; sleep 1000 & wait", "--name", "d"});
  CHECK(wait_until([&] { return living(mark) == 2; }));
  home.must({"delete", "d"});
  CHECK(living(mark) == 0);
  CHECK(home.app("d").id == -1);
  CHECK(home.must({"logs", "d", "--raw"}).out == "hello\n");
  CHECK(home.lodge({"stop", "d"}).exit != 0);
}

TEST_CASE("a tree found by a new daemon ends whole as well") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  start_marked(
      home, mark,
      {"(setsid sleep 1000 &); sleep 1001 & wait", "--name", "t", "-k", "1s"});
  CHECK(wait_until([&] { return living(mark) >= 3; }));
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  home.must({"stop", "t"});
  CHECK(living(mark) == 0);
}

TEST_CASE("an app that forks for ever is ended all the same") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  home.work().write("forks.py",
                    "import os, time\n"
                    "end = time.time() + 60\n"
                    "while time.time() < end:\n"
                    "    if os.fork(): os._exit(0)\n"  // a new pid each time
                    "    os.setsid()\n"
                    "    time.sleep(0.01)\n");
  start_marked(
      home, mark,
      {"python3 " + home.work().file("forks.py") + " & sleep 1000; wait",
       "--name", "f", "-k", "1s"});
  CHECK(wait_until([&] { return living(mark) >= 2; }));
  home.must({"stop", "f"});
  // Its next fork may be on its way while the sweep looks.
  CHECK(wait_until([&] { return living(mark) == 0; }));
}

}  // namespace support
