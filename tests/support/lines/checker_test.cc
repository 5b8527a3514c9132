#include "support/lines/checker.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>

#include "support/process.h"
#include "support/temp_dir.h"
#include "support/test_home.h"

namespace support {
namespace {

constexpr std::string_view kStamp = "2026-11-21T10:15:02.123456Z ";

// A source that claims to have handed `lines` lines of stdout, and the log of
// one that keeps its word; tests then damage either.
struct Story {
  explicit Story(uint64_t lines) : truth(make_truth()) {
    auto& stream = truth->run[0].streams[0];
    for (uint64_t seq = 1; seq <= lines; ++seq) {
      log.push_back(std::string(kStamp) + line(seq));
      stream.handed_bytes += shape.size(seq);
    }
    stream.offered_bytes = stream.handed_bytes.load();
  }

  TruthMap make_truth() {
    auto map = TruthMap::create(path());
    REQUIRE(map.has_value());
    (*map)->magic = TruthFile::kMagic;
    (*map)->source = {'a', 'p', 'i'};
    (*map)->least_padding = 5;
    (*map)->most_padding = 30;
    (*map)->runs = 1;
    return std::move(*map);
  }

  std::string path() const { return dir.file("truth"); }

  std::string line(uint64_t seq) const {
    std::string text;
    shape.append(seq, text);
    text.pop_back();
    return text;
  }

  Report check(PlaceTraits traits = {.stream = SourceStream::Out}) const {
    std::string text;
    for (const auto& one : log) text += one + "\n";
    text += rest;
    LineChecker checker;
    checker.add_truth(path());
    checker.add_place(text_place("log", text), traits);
    checker.expect_runs(1);
    if (heads_may_be_gone) checker.forgive_heads();
    return checker.check();
  }

  TempDir dir;
  LineShape shape{"api", 1, SourceStream::Out, 5, 30};
  TruthMap truth;
  std::vector<std::string> log;  // lines without '\n'
  std::string rest;              // after the last '\n'
  bool heads_may_be_gone = false;
};

// The breach, and nothing else.
void check_only(const Report& report, Breach breach, uint64_t times = 1) {
  INFO(report.text());
  CHECK(report.count(breach) == times);
  CHECK(report.counts.size() == 1);
}

}  // namespace

TEST_CASE("a log that holds all that was handed is clean") {
  const Report report = Story(100).check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 100);
}

TEST_CASE("a missing line is lost, first, middle and last") {
  for (const size_t at : {0, 50, 99}) {
    Story story(100);
    story.log.erase(story.log.begin() + static_cast<ptrdiff_t>(at));
    check_only(story.check(), Breach::Lost);
  }
}

TEST_CASE("an empty log has lost every line") {
  Story story(100);
  story.log.clear();
  check_only(story.check(), Breach::Lost, 100);
}

TEST_CASE("a line that is there twice is doubled") {
  Story story(100);
  story.log.insert(story.log.begin() + 50, story.log[50]);
  check_only(story.check(), Breach::Doubled);
}

TEST_CASE("a batch written again later is doubled") {
  Story story(100);
  for (size_t i = 20; i < 30; ++i) story.log.push_back(story.log[i]);
  check_only(story.check(), Breach::Doubled, 10);
}

TEST_CASE("two lines changed about are out of order, not lost") {
  Story story(100);
  std::swap(story.log[10], story.log[11]);
  check_only(story.check(), Breach::OutOfOrder);
}

TEST_CASE("a line cut in two is torn and lost") {
  Story story(100);
  const std::string line = story.log[10];
  story.log[10] = line.substr(0, 45);
  story.log.insert(story.log.begin() + 11,
                   std::string(kStamp) + line.substr(45));
  const Report report = story.check();
  CHECK(report.count(Breach::Torn) == 2);
  CHECK(report.count(Breach::Lost) == 1);
}

TEST_CASE("bytes missing from a line's padding make it torn") {
  Story story(100);
  story.log[10].erase(50, 1);
  CHECK(story.check().count(Breach::Torn) == 1);
}

TEST_CASE("another line's bytes inside a line make it torn") {
  Story story(100);
  story.log[10].insert(50, story.line(12).substr(0, 20));
  CHECK(story.check().count(Breach::Torn) == 1);
}

TEST_CASE("a zeroed range is NUL bytes") {
  Story story(100);
  story.log[10].replace(40, 8, 8, '\0');
  CHECK(story.check().count(Breach::NulByte) == 1);
}

TEST_CASE("a line that was never offered is an invention") {
  Story story(100);
  story.log.push_back(std::string(kStamp) + story.line(101));
  check_only(story.check(), Breach::NeverWritten);
}

TEST_CASE("a line without a stamp is told") {
  Story story(100);
  story.log[10] = story.line(11);
  check_only(story.check(), Breach::Unstamped);
}

TEST_CASE("a stamp less than the one before is told") {
  Story story(100);
  story.log[10].replace(0, kStamp.size(), "2026-11-21T10:15:02.123455Z ");
  check_only(story.check(), Breach::StampBackwards);
}

TEST_CASE("a line of the other stream is told") {
  check_only(Story(3).check({.stream = SourceStream::Error}),
             Breach::WrongStream, 3);
}

TEST_CASE("a foreign line is torn unless foreign lines are expected") {
  Story story(100);
  story.log.insert(story.log.begin() + 3, std::string(kStamp) + "hello");
  check_only(story.check(), Breach::Torn);
  CHECK(story.check({.foreign = true}).clean());
}

TEST_CASE("a source that was started again is restarted") {
  Story story(100);
  story.truth->runs = 2;
  check_only(story.check(), Breach::Restarted);
}

TEST_CASE("a whole line that lost its newline is torn") {
  Story story(100);
  story.rest = story.log.back();
  story.log.pop_back();
  CHECK(story.check().count(Breach::Torn) == 1);
}

TEST_CASE("what is lost is counted in lines and told in ranges") {
  Story story(100);
  story.log.erase(story.log.begin() + 10, story.log.begin() + 30);
  story.log.erase(story.log.begin() + 40);
  const Report report = story.check();
  check_only(report, Breach::Lost, 21);
  REQUIRE(report.examples.size() == 2);
  CHECK(report.examples[0].ends_with("lines 11 to 30 of 100"));
}

TEST_CASE("a flush may take the first lines, and no others") {
  Story story(100);
  story.log.erase(story.log.begin(), story.log.begin() + 10);
  check_only(story.check(), Breach::Lost, 10);
  story.heads_may_be_gone = true;
  CHECK(story.check().clean());
  story.log.erase(story.log.begin() + 5);
  check_only(story.check(), Breach::Lost, 1);
}

TEST_CASE("a failed write and a SIGPIPE are told") {
  Story failed(10);
  failed.truth->run[0].failures = 1;
  failed.truth->run[0].last_errno = EPIPE;
  check_only(failed.check(), Breach::WriteFailed);
  Story piped(10);
  piped.truth->run[0].sigpipes = 1;
  check_only(piped.check(), Breach::WriteFailed);
}

TEST_CASE("a truth or a place that is not there is no clean report") {
  Story story(1);
  LineChecker checker;
  checker.add_truth(story.dir.file("nothing"));
  checker.add_place(file_place(story.dir.file("no.log")));
  check_only(checker.check(), Breach::Unreadable, 2);
}

TEST_CASE("what was handed of a line in the middle must be there, exactly") {
  Story story(100);
  auto& stream = story.truth->run[0].streams[0];
  stream.handed_bytes += 9;
  stream.offered_bytes += 9;
  SUBCASE("closed by a newline") {
    story.log.push_back(std::string(kStamp) + story.line(101).substr(0, 9));
    CHECK(story.check().clean());
  }
  SUBCASE("open") {
    story.rest = std::string(kStamp) + story.line(101).substr(0, 9);
    CHECK(story.check().clean());
  }
  SUBCASE("missing") {
    check_only(story.check(), Breach::Lost);
  }
  SUBCASE("a byte short") {
    story.log.push_back(std::string(kStamp) + story.line(101).substr(0, 8));
    CHECK(story.check().count(Breach::Torn) == 1);
    CHECK(story.check().count(Breach::Lost) == 1);
  }
  SUBCASE("a byte long") {
    story.log.push_back(std::string(kStamp) + story.line(101).substr(0, 10));
    CHECK(story.check().count(Breach::Torn) == 1);
  }
  SUBCASE("twice") {
    story.log.push_back(std::string(kStamp) + story.line(101).substr(0, 9));
    story.log.push_back(story.log.back());
    check_only(story.check(), Breach::Torn);
  }
}

TEST_CASE("a line all handed but its newline may be closed by one") {
  Story story(100);
  auto& stream = story.truth->run[0].streams[0];
  stream.handed_bytes += story.shape.size(101) - 1;
  stream.offered_bytes = stream.handed_bytes.load();
  story.log.push_back(std::string(kStamp) + story.line(101));
  CHECK(story.check().clean());
}

TEST_CASE("bytes in doubt may be there, wholly, partly or not at all") {
  Story story(100);
  story.truth->run[0].streams[0].offered_bytes +=
      story.shape.size(101) + story.shape.size(102);
  CHECK(story.check().clean());
  story.log.push_back(std::string(kStamp) + story.line(101));
  CHECK(story.check().clean());
  story.log.push_back(std::string(kStamp) + story.line(102).substr(0, 12));
  CHECK(story.check().clean());
  story.log.push_back(std::string(kStamp) + story.line(103));
  check_only(story.check(), Breach::NeverWritten);
}

TEST_CASE("a process outside any keeper is an orphan, no daemon is told") {
  const TempDir dir;
  Child sleeper({"sleep", "1000"}, {.env = {{"LODGE_HOME", dir.path()}}});
  Report report;
  CHECK(wait_until([&] {
    report = {};
    check_processes(dir.path(), {}, report);
    return report.count(Breach::Orphan) == 1;
  }));
  CHECK(report.count(Breach::Daemons) == 1);
  sleeper.signal(SIGKILL);
  sleeper.wait();
  report = {};
  check_processes(dir.path(), {.daemons = 0, .keepers = 0}, report);
  CHECK(report.clean());
}

}  // namespace support
