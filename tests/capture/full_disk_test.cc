// Disks that refuse. Failpoints are read once per process, so each story runs
// in a child: this binary again, with one test case and LODGE_FAILPOINTS set.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>

#include "capture/rig.h"

using namespace capture_test;

namespace {

// The exit status of this binary running `test_case` under `failpoints`.
int run(const char* test_case, const char* failpoints) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("LODGE_FAILPOINTS", failpoints, 1);
    const std::string name = std::string("-tc=") + test_case;
    ::execl("/proc/self/exe", "capture_test", name.c_str(), "-ns", "-m",
            nullptr);
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += std::to_string(i) + "\n";
  return text;
}

}  // namespace

TEST_CASE("story: all is captured though writes fail" * doctest::skip()) {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  const std::string text = numbered(300'000);
  put(child, text);
  child.reset();
  REQUIRE(rig.ended(1));
  rig.capture.stop();
  // A write that failed with EIO leaves a segment behind.
  CHECK(without_stamps(rig.history("api-out.log")) == text);
}

TEST_CASE("story: trouble is told once, another file goes on" *
          doctest::skip()) {
  Rig rig;
  auto stuck = rig.add(1, "stuck-out.log");
  auto free = rig.add(2, "api-out.log");
  put(stuck, "one\n");
  REQUIRE(eventually([&] { return !rig.seen.troubles().empty(); }));
  put(stuck, "two\n");
  put(free, "hello\n");
  CHECK(
      eventually([&] { return rig.file("api-out.log").ends_with("hello\n"); }));
  REQUIRE(
      eventually([&] { return rig.file("stuck-out.log").ends_with("two\n"); }));
  CHECK(without_stamps(rig.file("stuck-out.log")) == "one\ntwo\n");
  REQUIRE(rig.seen.troubles().size() == 1);
  CHECK(rig.seen.troubles()[0].sys_errno == ENOSPC);
}

TEST_CASE("story: a flush on a full disk keeps what is unwritten" *
          doctest::skip()) {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "old\n");
  REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
  put(child, "kept whole\n");
  REQUIRE(eventually([&] { return !rig.seen.troubles().empty(); }));
  (void)rig.replace({rig.dir.path("api-out.log")});
  REQUIRE(
      eventually([&] { return rig.file("api-out.log").ends_with("whole\n"); }));
  CHECK(without_stamps(rig.file("api-out.log")) == "kept whole\n");
}

TEST_CASE("story: apps wait while there is no memory" * doctest::skip()) {
  Rig rig;
  // Formatted, both are more than what some may have before all must wait.
  const std::string text = numbered(11'000);
  for (const uint64_t id : {1, 2}) {
    auto pipe = base::fs::make_pipe();
    REQUIRE(pipe);
    put(pipe->write, text);
    rig.capture.add(Rig::info(id), std::move(pipe->read),
                    {rig.dir.path("stuck-" + std::to_string(id) + ".log")});
  }
  auto other = rig.add(3, "api-out.log");
  const auto waits = [&] {
    return std::ranges::count_if(
        rig.seen.troubles(), [](const base::Error& error) {
          return error.message.starts_with("nothing more is read");
        });
  };
  int lines = 0;
  REQUIRE(eventually([&] {
    put(other, std::to_string(lines++) + "\n");
    return waits() > 0;
  }));
  for (; lines < 1000; ++lines) put(other, std::to_string(lines) + "\n");
  other.reset();
  REQUIRE(rig.ended(3));
  CHECK(waits() == 1);
  CHECK(without_stamps(rig.file("stuck-1.log")) == text);
  CHECK(without_stamps(rig.file("stuck-2.log")) == text);
  CHECK(without_stamps(rig.file("api-out.log")) == numbered(lines));
}

TEST_CASE("short writes lose nothing") {
  CHECK(run("story: all is captured though writes fail",
            "write~-out.log=short@1+") == 0);
}

TEST_CASE("a disk that is full for a while loses nothing") {
  CHECK(run("story: all is captured though writes fail",
            "write~-out.log=short@3;write~-out.log=ENOSPC@4;"
            "write~-out.log=ENOSPC@5;write~-out.log=EIO@9") == 0);
}

TEST_CASE("a full disk with no memory left either loses nothing") {
  std::string rules = "write~stuck=ENOSPC@1";
  for (int i = 2; i < 12; ++i)
    rules += ";write~stuck=ENOSPC@" + std::to_string(i);
  // All that may be asked for while it is full, and some more.
  for (int i = 7; i < 40; ++i) rules += ";reserve=ENOSPC@" + std::to_string(i);
  CHECK(run("story: apps wait while there is no memory", rules.c_str()) == 0);
}

TEST_CASE("opening that fails for a while loses nothing") {
  CHECK(run("story: all is captured though writes fail",
            "open~-out.log=EMFILE@1;open~-out.log=EACCES@2") == 0);
}

TEST_CASE("a full disk is told once and stops its own file alone") {
  CHECK(run("story: trouble is told once, another file goes on",
            "write~stuck=ENOSPC@1;write~stuck=ENOSPC@2;"
            "write~stuck=ENOSPC@3") == 0);
}

TEST_CASE("a flush while the disk is full loses nothing, tears nothing") {
  CHECK(run("story: a flush on a full disk keeps what is unwritten",
            "write~-out.log=short@2;write~-out.log=ENOSPC@3;"
            "write~-out.log=ENOSPC@4;write~-out.log=ENOSPC@5") == 0);
}
