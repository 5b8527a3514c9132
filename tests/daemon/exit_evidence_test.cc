#include "daemon/exit_evidence.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace daemon_ {
namespace {

supervisor::Happening ended(int code, int signal, bool told = false) {
  supervisor::Happening happening;
  happening.kind = supervisor::Happening::Kind::Ended;
  happening.ending.code = code;
  happening.ending.signal = signal;
  happening.told = told;
  return happening;
}

store::Event exit_of(std::optional<int> code, std::optional<int> signal) {
  store::Event event;
  event.kind = store::EventKind::Exit;
  event.code = code;
  event.signal = signal;
  event.ended_by = "itself";
  return event;
}

}  // namespace

TEST_CASE("who ended it: asked, killed after asking, itself, or outside") {
  CHECK(ended_by(ended(0, 0)) == "itself");
  CHECK(ended_by(ended(0, SIGSEGV)) == "itself");
  CHECK(ended_by(ended(0, SIGKILL)) == "outside");
  CHECK(ended_by(ended(0, SIGTERM)) == "outside");
  CHECK(ended_by(ended(0, SIGINT, true)) == "asked");
  CHECK(ended_by(ended(0, SIGKILL, true)) == "kill_timeout");
  auto unknown = ended(0, 0);
  unknown.ending.known = false;
  CHECK(ended_by(unknown).empty());
}

TEST_CASE("the kernel's counts: how sure they make us") {
  struct Row {
    OomCounts counts;
    std::string_view oom;
  };
  const Row rows[] = {
      {{.system = {}, .cgroup = {}}, ""},
      {{.system = 0, .cgroup = {}}, "no"},
      {{.system = 0, .cgroup = 0, .own = true}, "no"},
      {{.system = 2, .cgroup = {}}, "likely"},
      {{.system = 1, .cgroup = 1, .own = true}, "certain"},
      {{.system = 1, .cgroup = 1, .own = false}, "likely"},
  };
  for (const auto& row : rows) {
    auto event = exit_of({}, SIGKILL);
    add_kernel_evidence(row.counts, event);
    CHECK(event.oom == row.oom);
    CHECK(event.evidence.empty() == row.oom.empty());
  }
}

TEST_CASE("last words tell of memory only with the exit that goes with them") {
  struct Row {
    std::optional<int> code, signal;
    std::string_view words, oom;
  };
  const Row rows[] = {
      {{},
       SIGABRT,
       "FATAL ERROR: ... JavaScript heap out of memory\n 1: 0xb",
       "certain"},
      {134, {}, "JavaScript heap out of memory", "certain"},
      {1, {}, "tests JavaScript heap out of memory", ""},
      {1, {}, "Traceback:\n  x\n2026-01-01T00:00:00Z MemoryError\n", "certain"},
      {1, {}, "MemoryError\nthen something else\n", ""},
      {1, {}, "NoMemoryErrorHere\n", ""},
      {2, {}, "fatal error: runtime: out of memory\n", "certain"},
      {0, {}, "MemoryError\n", ""},
      {{}, SIGSEGV, "MemoryError\n", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.words);
    auto event = exit_of(row.code, row.signal);
    add_last_words(row.words, event);
    CHECK(event.oom == row.oom);
  }
  auto asked = exit_of(1, {});
  asked.ended_by = "asked";
  CHECK_FALSE(wants_last_words(asked));
}

TEST_CASE("oom_kill is found in each of the kernel's files") {
  CHECK(parse_oom_kills("pgfault 7\noom_kill 3\nx 1\n") == 3);
  CHECK(parse_oom_kills("low 0\noom 2\noom_kill 1\noom_group_kill 0") == 1);
  CHECK_FALSE(parse_oom_kills("oom_kill_disable 0\nunder_oom 0\n").has_value());
  CHECK(oom_file("0::/system.slice/x.service\n", true) ==
        "/sys/fs/cgroup/system.slice/x.service/memory.events");
  CHECK(oom_file("4:memory,hugetlb:/a\n0::/\n", false) ==
        "/sys/fs/cgroup/memory/a/memory.oom_control");
  CHECK(oom_file("0::/\n", false).empty());
}

TEST_CASE("counts grow from a look that is old enough, or the first") {
  OomWatch watch;
  const auto at = [](int ms) {
    return base::MonoTime(std::chrono::milliseconds(ms));
  };
  CHECK_FALSE(watch.counts(4, {}, {}, at(0)).system.has_value());
  watch.saw_system(4, at(0));
  CHECK(watch.counts(4, {}, {}, at(10)).system == 0);
  CHECK(watch.counts(5, {}, {}, at(10)).system == 1);
  for (int ms = 1000; ms <= 20000; ms += 1000) watch.saw_system(5, at(ms));
  CHECK(watch.counts(5, {}, {}, at(20100)).system == 0);  // long ago
  const OomMark mark{7, "/x", 2, true};
  watch.saw_mark(3, mark);
  CHECK(watch.take_mark(3, 8).file.empty());  // another life's
  const auto own = watch.counts(5, 3, watch.take_mark(3, 7), at(20100));
  CHECK(own.cgroup == 1);
  CHECK(own.own);
  CHECK(watch.take_mark(3, 7).file.empty());
}

TEST_CASE("our own processes can be looked at") {
  CHECK(read_system_oom_kills().has_value());
  CHECK(read_oom_mark(::getpid()).pid == ::getpid());
}

TEST_CASE("of a long log the end is read, of a missing one nothing") {
  const support::TempDir dir;
  dir.write("x.log", std::string(100000, 'x') + "\nMemoryError\n");
  CHECK(read_end(dir.path() + "/x.log").ends_with("\nMemoryError\n"));
  CHECK(read_end(dir.path() + "/none").empty());
}

}  // namespace daemon_
