// A disk that is slow, hangs or is broken: no other app is kept waiting,
// nothing is lost that needn't be, and what is lost is counted. By failpoints.
// E2E_ROUNDS=12 has a file hang for a minute.

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>

#include "base/clock.h"
#include "e2e/disks.h"
#include "store/line.h"
#include "support/lines/plain_bytes.h"

namespace support {
namespace {

// How old the newest whole line of a file is.
Millis age_of_newest(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::streamoff>(file.tellg());
  file.seekg(std::max<std::streamoff>(0, size - 4096));
  const std::string tail((std::istreambuf_iterator<char>(file)), {});
  const size_t end = tail.rfind('\n');
  if (end == tail.npos || end == 0) return Millis::max();
  const size_t begin = tail.rfind('\n', end - 1);
  const auto line = store::parse_line(
      std::string_view(tail).substr(begin == tail.npos ? 0 : begin + 1));
  if (!line.time) return Millis::max();
  return Millis{(base::SystemClock().now().us - line.time->us) / 1000};
}

// A home whose daemon finds the k-th write, and all that follow, to one file
// hanging until `release` is called.
struct Hanging {
  explicit Hanging(const TestHome& home)
      : release_file(home.work().file("go")) {
    Chaos(home).begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=hang@5+"},
                               {"LODGE_FAILPOINT_RELEASE", release_file}}});
  }
  ~Hanging() { release(); }  // else its home could not end
  Hanging(const Hanging&) = delete;
  Hanging& operator=(const Hanging&) = delete;
  void release() const { std::ofstream(release_file) << "go"; }
  std::string release_file;
};

bool is_traced(pid_t pid) {
  return slurp("/proc/" + std::to_string(pid) + "/status")
             .find("TracerPid:\t0\n") == std::string::npos;
}

}  // namespace

TEST_CASE("a program that its disk keeps from running holds nobody up") {
  if (!has_program("strace")) {
    MESSAGE("not tried: there is no strace");
    return;
  }
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const auto keeper = home.keepers().front().pid;
  Child strace({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=chdir",
                "-e", "inject=chdir:delay_enter=5s", "-p",
                std::to_string(keeper)});
  if (!wait_until([&] { return is_traced(keeper); })) {
    MESSAGE("not tried: strace may not attach here");
    return;
  }
  home.must({"start", "exec sleep 1000", "--name", "slow", "--no-wait"});
  REQUIRE(home.reaches("slow", "launching"));
  const pid_t before = home.app("api").pid;
  ::kill(before, SIGKILL);
  CHECK(wait_until([&] { return !home.events("api", "exit").empty(); }));
  CHECK(home.app("slow").status == "launching");
  CHECK(home.reaches("slow", "online"));
  CHECK(home.reaches("api", "online"));
  CHECK(home.app("api").pid != before);
  strace.signal(SIGTERM);
}

TEST_CASE("while one app's file hangs, another's lines go on") {
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "20000"});
  chaos.start("b", {"--rate", "20000"});
  CHECK(stands_still(chaos, "a"));
  const uint64_t hung_at = size_of(home.log("a-out.log"));
  for (int i = 0; i < 3; ++i) CHECK(grows(home.log("b-out.log"), 500'000));
  CHECK(home.must({"stop", "b"}).in_time);
  CHECK(size_of(home.log("a-out.log")) == hung_at);
  hanging.release();
  CHECK(grows(home.log("a-out.log"), 500'000));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE("however long one file hangs, another's newest line stays new") {
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "20000"});
  chaos.start("b", {"--rate", "5000"});
  CHECK(stands_still(chaos, "a"));
  const Millis hang = rounds(1) * 5s;
  // No measure of speed: of something that stands still as long as the other.
  const Millis most = 2500ms;
  Millis worst{0};
  for (const auto begin = std::chrono::steady_clock::now();
       since(begin) < hang;) {
    worst = std::max(worst, age_of_newest(home.log("b-out.log")));
    chaos.pause(1ms, 10ms);
  }
  MESSAGE("in " << hang.count() << " ms the newest line was never older than "
                << worst.count() << " ms");
  CHECK(worst < most);
  hanging.release();
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE("an app whose file hangs can be stopped, and loses nothing") {
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "20000"});
  CHECK(stands_still(chaos, "a"));
  CHECK(home.lodge({"stop", "a"}, {.deadline = 40s}).exit == 0);
  hanging.release();
  const uint64_t handed = chaos.handed("a");
  // What it read last is written behind the stop's back.
  LineChecker checker;
  checker.add_truth(home.work().file("a.truth"));
  checker.add_place(file_place(home.log("a-out.log")));
  Report report;
  CHECK(wait_until([&] { return (report = checker.check()).lines >= handed; }));
  CHECK(chaos.insist({"kill"}));
  report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE(
    "overflow=drop: an app never waits for a file that hangs, lost lines "
    "are counted") {
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "50000"}, {"--set", "log.overflow=drop"});
  chaos.start("b", {"--rate", "5000"});
  // More than all pipes and buffers hold.
  CHECK(chaos.goes_on("a", 300'000));
  CHECK(grows(home.log("b-out.log"), 100'000));
  hanging.release();
  CHECK(grows(home.log("a-out.log"), 500'000));
  check_accounted(home, chaos, "a");
  CHECK(dropped_lines(home, "a") > 0);
  CHECK(dropped_lines(home, "b") == 0);
}

TEST_CASE("a slow file delays its app and no other, and keeps every line") {
  const TestHome home;
  Chaos chaos(home);
  chaos.begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=sleep:50@5+"}}});
  chaos.start("a", {"--lines", "100000", "--then", "linger"});
  chaos.start("b", {"--rate", "20000"});
  for (int i = 0; i < 3; ++i) CHECK(grows(home.log("b-out.log"), 300'000));
  CHECK(wait_until([&] { return chaos.finished("a"); }, 60s));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines > 100'000);
}

TEST_CASE("a write that fails for want of space is made again, none twice") {
  for (const std::string fault :
       {"ENOSPC@7", "ENOSPC@1", "EDQUOT@3", "short@1+",
        "short@4+;write~a-out.log=ENOSPC@9"}) {
    CAPTURE(fault);
    const TestHome home;
    Chaos chaos(home);
    chaos.begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=" + fault}}});
    chaos.start("a", {"--lines", "50000", "--then", "linger"});
    CHECK(wait_until([&] { return chaos.finished("a"); }));
    const Report report = chaos.stop_and_check();
    INFO(report.text());
    CHECK(report.clean());
    CHECK(report.lines == 50'000);
  }
}

TEST_CASE("a file that can't be written is left for a new one, and named") {
  const TestHome home;
  Chaos chaos(home);
  chaos.begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=EIO@7"}}});
  chaos.start("a", {"--lines", "50000", "--then", "linger"});
  CHECK(wait_until([&] { return chaos.finished("a"); }));
  CHECK(chaos.insist({"stop", "a"}));
  CHECK(has_event_with(home, "a", "suspect"));
  // Wherever the old file went: its lines are the first.
  std::vector<std::pair<std::string, std::string>> files;  // by first stamp
  for (const auto& entry :
       fs::recursive_directory_iterator(home.file("logs"))) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name.find("out") == name.npos ||
        name.find("events") != name.npos)
      continue;
    files.emplace_back(plain_text(entry.path()).substr(0, 27), entry.path());
  }
  std::ranges::sort(files);
  CHECK(files.size() >= 2);
  LineChecker checker;
  checker.add_truth(home.work().file("a.truth"));
  for (const auto& [stamp, path] : files)
    if (stamp.starts_with("20")) checker.add_place(file_place(path));
  const Report report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 50'000);
}

}  // namespace support
