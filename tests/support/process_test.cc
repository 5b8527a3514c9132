#include "support/process.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "support/proc.h"
#include "support/temp_dir.h"

namespace support {

TEST_CASE("a program's exit, streams and input come back") {
  const Ran ran =
      run({"bash", "-c", "cat; echo err >&2; exit 7"}, {.input = "in"});
  CHECK(ran.exit == 7);
  CHECK(ran.out == "in");
  CHECK(ran.err == "err\n");
  CHECK(ran.in_time);
  CHECK_FALSE(ran.output_held);
}

TEST_CASE("a program's end by signal is told from an exit") {
  const Ran ran = run({"bash", "-c", "kill -TERM $$"});
  CHECK(ran.exit == -1);
  CHECK(ran.signal == SIGTERM);
}

TEST_CASE("a program past its deadline is killed with its children") {
  Child child({"bash", "-c", "sleep 1000 & echo $!; wait"});
  CHECK(wait_until([&] { return !child.out().empty(); }));
  const pid_t grandchild = std::stoi(child.out());
  const Ran ran = child.wait(1ms);
  CHECK_FALSE(ran.in_time);
  CHECK(wait_until([&] { return !is_running(grandchild); }));
}

TEST_CASE("output held by a process left behind is noticed, not waited for") {
  Child child({"bash", "-c", "setsid sleep 1000 & echo $!"});
  const Ran ran = child.wait();
  CHECK(ran.exit == 0);
  CHECK(ran.output_held);
  ::kill(std::stoi(ran.out), SIGKILL);
}

TEST_CASE("processes are found by their environment and their descent") {
  const TempDir dir;
  Child child({"bash", "-c", "sleep 1000 & wait"},
              {.env = {{"TEST_MARK", dir.path()}}});
  CHECK(wait_until([&] {
    return processes_with_env("TEST_MARK", dir.path()).size() == 2 &&
           descendants(child.pid()).size() == 1 &&
           descendants(child.pid()).front().argv.at(0) == "sleep";
  }));
  CHECK(memory_of(child.pid()).resident > 100'000);
  child.signal(SIGKILL);
}

TEST_CASE("LODGE_ variables of the caller do not reach the program") {
  ::setenv("LODGE_FAILPOINTS", "write=EIO@1", 1);
  const Ran ran = run({"env"}, {.env = {{"LODGE_HOME", "/x"}}});
  ::unsetenv("LODGE_FAILPOINTS");
  CHECK(ran.out.find("LODGE_FAILPOINTS") == std::string::npos);
  CHECK(ran.out.find("LODGE_HOME=/x") != std::string::npos);
}

}  // namespace support
