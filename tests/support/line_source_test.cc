// The line source's truth against what a reader of its pipe got.

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "support/lines/checker.h"
#include "support/process.h"
#include "support/temp_dir.h"
#include "support/test_home.h"

namespace support {
namespace {

std::vector<std::string> source(const TempDir& dir,
                                std::vector<std::string> flags) {
  std::vector<std::string> argv = {line_source_binary(), "--truth",
                                   dir.file("truth"), "--name", "s"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  return argv;
}

Report check(const TempDir& dir, const Ran& ran) {
  LineChecker checker;
  checker.add_truth(dir.file("truth"));
  checker.add_place(text_place("stdout", ran.out),
                    {.stamped = false, .stream = SourceStream::Out});
  checker.add_place(text_place("stderr", ran.err),
                    {.stamped = false, .stream = SourceStream::Error});
  return checker.check();
}

}  // namespace

TEST_CASE("every way of writing delivers exactly what its truth says") {
  for (const std::string writes : {"batch", "line", "fragments"}) {
    for (const std::string to : {"out", "error", "both"}) {
      CAPTURE(writes);
      CAPTURE(to);
      const TempDir dir;
      const Ran ran = run(source(dir, {"--lines", "3000", "--pad", "0-200",
                                       "--writes", writes, "--to", to}));
      CHECK(ran.exit == 0);
      const Report report = check(dir, ran);
      INFO(report.text());
      CHECK(report.clean());
      CHECK(report.lines == (to == "both" ? 6000 : 3000));
      auto truth = TruthMap::open(dir.file("truth"));
      REQUIRE(truth.has_value());
      const RunTruth& first = (*truth)->run[0];
      CHECK(first.finished == 1);
      CHECK(first.streams[0].handed_bytes == ran.out.size());
      CHECK(first.streams[1].handed_bytes == ran.err.size());
      CHECK(first.streams[0].handed_lines == (to == "error" ? 0 : 3000));
    }
  }
}

TEST_CASE("the truth survives SIGKILL in the middle of a write") {
  for (int round = 0; round < 5; ++round) {
    const TempDir dir;
    Child child(source(dir, {"--writes", round % 2 == 0 ? "fragments" : "batch",
                             "--pad", "0-99"}));
    CHECK(wait_until([&] { return child.out().size() > 200'000; }));
    child.signal(SIGKILL);
    const Ran ran = child.wait();
    const Report report = check(dir, ran);
    INFO(report.text());
    CHECK(report.clean());
    CHECK(report.lines > 1000);
  }
}

TEST_CASE("a reader that goes is seen as EPIPE and SIGPIPE") {
  const TempDir dir;
  std::string words = command_line(source(dir, {"--writes", "line"}));
  run({"bash", "-c", words + " | head -c 100000 >/dev/null"});
  const Report report = check(dir, {});
  CHECK(report.count(Breach::WriteFailed) == 1);
  auto truth = TruthMap::open(dir.file("truth"));
  REQUIRE(truth.has_value());
  CHECK((*truth)->run[0].last_errno == EPIPE);
  CHECK((*truth)->run[0].sigpipes == 1);
}

TEST_CASE("each start is a run of its own") {
  const TempDir dir;
  Ran both;
  for (int i = 0; i < 3; ++i)
    both.out += run(source(dir, {"--lines", "10"})).out;
  const Report report = check(dir, both);
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 30);
  CHECK(both.out.find("L s.3.out 10 ") != std::string::npos);
}

TEST_CASE("a rate is kept, and the source can stay when it is done") {
  const TempDir dir;
  Child child(
      source(dir, {"--lines", "200", "--rate", "2000", "--then", "linger"}));
  CHECK(wait_until([&] {
    const auto truth = TruthMap::open(dir.file("truth"));
    return truth && (*truth)->run[0].finished == 1;
  }));
  CHECK(is_running(child.pid()));
  child.signal(SIGTERM);
  const Ran ran = child.wait();
  CHECK(ran.signal == SIGTERM);
  CHECK(ran.wall >= 90ms);
  CHECK(check(dir, ran).lines == 200);
}

TEST_CASE("the truth tells the process by pid and start time") {
  const TempDir dir;
  Child child(source(dir, {"--lines", "1", "--then", "linger"}));
  CHECK(wait_until([&] {
    const auto truth = TruthMap::open(dir.file("truth"));
    return truth && (*truth)->run[0].finished == 1;
  }));
  auto truth = TruthMap::open(dir.file("truth"));
  const auto info = process_info(child.pid());
  REQUIRE(info.has_value());
  CHECK((*truth)->run[0].pid == static_cast<uint64_t>(child.pid()));
  CHECK((*truth)->run[0].start_ticks == info->start_ticks);
}

}  // namespace support
