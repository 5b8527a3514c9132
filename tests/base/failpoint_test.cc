#include "base/failpoint.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/fs.h"
#include "base/probe_process.h"
#include "support/proc.h"
#include "support/temp_dir.h"

namespace base {
namespace {

// Ten verdicts on one operation: '.' goes on, 'E' fails, 'h' does half.
std::string verdicts(const std::string& rules, const std::string& op = "write",
                     const std::string& what = "logs/api-out.log") {
  const auto ran = run_probe(
      "verdicts",
      {{"LODGE_FAILPOINTS", rules}, {"PROBE_OP", op}, {"PROBE_WHAT", what}});
  if (ran.signal == SIGKILL) return ran.out + "killed";
  if (ran.signal == SIGABRT) return "aborted: " + ran.err;
  return ran.out;
}

}  // namespace

TEST_CASE("probe: verdicts" * doctest::skip()) {
  for (int i = 0; i < 10; ++i) {
    const auto verdict =
        failpoint::consult(std::getenv("PROBE_OP"), std::getenv("PROBE_WHAT"));
    const char c = verdict.error != 0 ? 'E' : verdict.half ? 'h' : '.';
    (void)!::write(1, &c, 1);
  }
  std::_Exit(0);
}

TEST_CASE("probe: errno" * doctest::skip()) {
  std::_Exit(failpoint::consult("write", "x").error);
}

TEST_CASE("probe: names" * doctest::skip()) {
  const std::string dir = std::getenv("PROBE_WHAT");
  (void)fs::replace_file(dir + "/a", "1");
  (void)fs::link(dir + "/a", dir + "/b");
  (void)fs::rename_noreplace(dir + "/b", dir + "/c d");
  (void)fs::rename(dir + "/c d", dir + "/e");
  std::_Exit(0);
}

TEST_CASE("without the variable there are no failpoints") {
  CHECK_FALSE(failpoint::enabled());
  CHECK(failpoint::consult("write", "x").error == 0);
}

TEST_CASE("the k-th call is hit, or every one from it") {
  CHECK(verdicts("write=EIO@1") == "E.........");
  CHECK(verdicts("write=EIO@4") == "...E......");
  CHECK(verdicts("write=EIO@4+") == "...EEEEEEE");
  CHECK(verdicts("write=EIO@11") == "..........");
}

TEST_CASE("only the named operation and path count") {
  CHECK(verdicts("fsync=EIO@1") == "..........");
  CHECK(verdicts("*=EIO@2") == ".E........");
  CHECK(verdicts("write~api-out=EIO@2") == ".E........");
  CHECK(verdicts("write~web=EIO@1") == "..........");
}

TEST_CASE("several rules hold at once") {
  CHECK(verdicts("write=EIO@2;write=short@4+;*=ENOSPC@6") == ".E.hhEhhhh");
  CHECK(verdicts(";write=EIO@1;") == "E.........");
}

TEST_CASE("kill dies at once, just before the call") {
  CHECK(verdicts("write=kill@3") == "..killed");
}

TEST_CASE("each errno name has its number") {
  struct Row {
    const char* name;
    int number;
  };
  for (const auto& [name, number] :
       {Row{"ENOSPC", ENOSPC}, Row{"EIO", EIO}, Row{"EINTR", EINTR},
        Row{"EACCES", EACCES}, Row{"EMFILE", EMFILE}, Row{"ENFILE", ENFILE},
        Row{"EROFS", EROFS}, Row{"EDQUOT", EDQUOT}, Row{"EFBIG", EFBIG},
        Row{"EAGAIN", EAGAIN}, Row{"ENOENT", ENOENT}}) {
    CAPTURE(name);
    const std::string rule = std::string("write=") + name + "@1";
    CHECK(run_probe("errno", {{"LODGE_FAILPOINTS", rule}}).exit == number);
  }
}

TEST_CASE("a rule that could never fire is refused aloud") {
  for (const std::string bad : {"write",
                                "write=",
                                "write=EIO",
                                "write=EIO@",
                                "write=EIO@x",
                                "write=EIO@0",
                                "write=EIO@1x",
                                "write=ENOTHING@1",
                                "wirte=EIO@1",
                                "=EIO@1",
                                "write=EIO@-1",
                                "write=EIO@1;fsnyc=EIO@1",
                                "write=EIO@1/0",
                                "write=EIO@1/",
                                "write=EIO@2/3",
                                "write=EIO@1/2+",
                                "write=sleep@1",
                                "write=sleep:@1",
                                "write=sleep:2s@1",
                                "write=hang@1"}) {
    CAPTURE(bad);
    CHECK(verdicts(bad).starts_with("aborted: lodge: LODGE_FAILPOINTS"));
  }
}

TEST_CASE("a step that is no system call has an operation, too") {
  CHECK(verdicts("journal=EIO@2", "journal", "written") == ".E........");
  CHECK(verdicts("journal~wr=kill@2", "journal", "written") == ".killed");
}

TEST_CASE("a rule by chance hits now and then, and otherwise in each process") {
  CHECK(verdicts("write=EIO@1/1") == "EEEEEEEEEE");
  CHECK(verdicts("write=EIO@1/4000000000") == "..........");
  // Ten tosses of a coin, twenty times: never all alike, never always the same.
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) seen.insert(verdicts("write=EIO@1/2"));
  CHECK(seen.size() > 1);
  CHECK(std::ranges::any_of(seen, [](const std::string& one) {
    return one.contains('E') && one.contains('.');
  }));
}

TEST_CASE("a call that hangs goes on when it is released, and not before") {
  const support::TempDir dir;
  const std::string release = dir.file("release");
  support::Child probe(
      {"/proc/self/exe", "--no-skip", "--no-version=true",
       "--test-case=probe: verdicts"},
      {.env = {{"LODGE_FAILPOINTS", "write=hang@4+;write=EIO@6"},
               {"LODGE_FAILPOINT_RELEASE", release},
               {"PROBE_OP", "write"},
               {"PROBE_WHAT", "x"}}});
  REQUIRE(support::wait_until([&] { return probe.out().size() == 3; }));
  // It sleeps in the fourth, which only a process that goes on would leave.
  CHECK(support::wait_until(
      [&] { return support::process_info(probe.pid())->state == 'S'; }));
  CHECK(probe.out() == "...");
  dir.write("release", "");
  CHECK(probe.wait().out == ".....E....");
}

TEST_CASE("a call that sleeps takes at least so long, and goes on") {
  const auto ran =
      run_probe("verdicts", {{"LODGE_FAILPOINTS", "write=sleep:20@1+"},
                             {"PROBE_OP", "write"},
                             {"PROBE_WHAT", "x"}});
  CHECK(ran.out == "..........");
  CHECK(ran.wall >= support::Millis(200));
}

TEST_CASE("the trace names every operation, in order") {
  const support::TempDir dir;
  const std::string trace = dir.file("trace");
  CHECK(verdicts("trace=" + trace, "fsync", "a b") == "..........");
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += "fsync a b\n";
  CHECK(support::slurp(trace) == expected);
}

TEST_CASE("the trace names what gets another name") {
  const support::TempDir dir;
  const support::TempDir traces;
  const std::string trace = traces.file("trace");
  (void)run_probe("names", {{"LODGE_FAILPOINTS", "trace=" + trace},
                            {"PROBE_WHAT", dir.path()}});
  const std::string text = support::slurp(trace);
  CHECK(text.find("rename " + dir.file("a") + "\t" + dir.file(".a.tmp-")) !=
        text.npos);
  CHECK(text.ends_with("link " + dir.file("b") + "\t" + dir.file("a") +
                       "\nrename " + dir.file("c d") + "\t" + dir.file("b") +
                       "\nrename " + dir.file("e") + "\t" + dir.file("c d") +
                       "\n"));
}

}  // namespace base
