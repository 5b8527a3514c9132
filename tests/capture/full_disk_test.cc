// Disks that refuse. Failpoints are read once per process, so each story runs
// in a child: this binary again, with one test case and LODGE_FAILPOINTS set.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

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

TEST_CASE("short writes lose nothing") {
  CHECK(run("story: all is captured though writes fail",
            "write~-out.log=short@1+") == 0);
}

TEST_CASE("a disk that is full for a while loses nothing") {
  CHECK(run("story: all is captured though writes fail",
            "write~-out.log=short@3;write~-out.log=ENOSPC@4;"
            "write~-out.log=ENOSPC@5;write~-out.log=EIO@9") == 0);
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
