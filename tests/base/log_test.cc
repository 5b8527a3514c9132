#include "base/log.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <regex>
#include <thread>
#include <vector>

#include "base/fs.h"
#include "base/probe_process.h"
#include "support/temp_dir.h"

namespace base {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// The diary is the process's: each way of keeping one has its own process.
support::Ran keep_diary(const support::TempDir& dir, const std::string& how) {
  return run_probe("diary",
                   {{"PROBE_PATH", dir.file("lodge.log")}, {"PROBE_HOW", how}});
}

void write_from_threads() {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 500; ++i) log::info("thread {} line {}", t, i);
    });
}

}  // namespace

TEST_CASE("probe: diary" * doctest::skip()) {
  const std::string how = std::getenv("PROBE_HOW");
  if (how == "unopened") {
    log::warn("to {}", "stderr");
    std::_Exit(0);
  }
  ::umask(0);
  if (!log::open(std::getenv("PROBE_PATH"))) std::_Exit(9);
  if (how == "levels") {
    log::info("up {}", 1);
    log::warn("odd");
    log::error("bad: {{}} {}", "{}");
  }
  if (how == "killed") {
    log::info("last words");
    ::kill(::getpid(), SIGKILL);
  }
  if (how == "threads") write_from_threads();
  if (how == "much")
    for (int i = 0; i < 25'000; ++i) log::info("{:>900}", i);
  if (how == "newlines") log::info("one\ntwo");
  if (how == "exec") ::execlp("ls", "ls", "-l", "/proc/self/fd", nullptr);
  std::_Exit(0);
}

TEST_CASE("before it is opened the diary is stderr") {
  const support::TempDir dir;
  CHECK(keep_diary(dir, "unopened").err.find("lodge: to stderr\n") !=
        std::string::npos);
}

TEST_CASE("a line of the diary has its time, its level and its words") {
  const support::TempDir dir;
  REQUIRE(keep_diary(dir, "levels").exit == 0);
  const auto lines = lines_of(support::slurp(dir.file("lodge.log")));
  REQUIRE(lines.size() == 3);
  const std::string stamp = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z )";
  CHECK(std::regex_match(lines[0], std::regex(stamp + "info +up 1")));
  CHECK(std::regex_match(lines[1], std::regex(stamp + "warn(ing)? +odd")));
  CHECK(std::regex_match(lines[2],
                         std::regex(stamp + R"(error +bad: \{\} \{\})")));
}

TEST_CASE("what was written is on disk when the process is killed") {
  const support::TempDir dir;
  CHECK(keep_diary(dir, "killed").signal == SIGKILL);
  CHECK(support::slurp(dir.file("lodge.log")).find("last words") !=
        std::string::npos);
}

TEST_CASE("lines of many threads stay whole") {
  const support::TempDir dir;
  REQUIRE(keep_diary(dir, "threads").exit == 0);
  const auto lines = lines_of(support::slurp(dir.file("lodge.log")));
  CHECK(lines.size() == 2000);
  const std::regex whole(R"(.{27} info +thread \d line \d+)");
  for (const auto& line : lines) REQUIRE(std::regex_match(line, whole));
}

TEST_CASE("the diary rotates, keeps three old files, all of them private") {
  const support::TempDir dir;
  REQUIRE(keep_diary(dir, "much").exit == 0);
  const auto names = fs::list_dir(dir.path()).value();
  CHECK(names.size() == 4);
  for (const auto& name : names) {
    const auto info = fs::stat(dir.file(name)).value();
    CAPTURE(name);
    CHECK((info.st_mode & 07777) == 0600);
    CHECK(info.st_size <= (4 << 20) + 2000);
  }
}

TEST_CASE("a message with a newline does not look like two entries") {
  const support::TempDir dir;
  REQUIRE(keep_diary(dir, "newlines").exit == 0);
  const auto lines = lines_of(support::slurp(dir.file("lodge.log")));
  CHECK(lines.size() == 1);
}

TEST_CASE("the diary's descriptor does not reach what the process starts") {
  const support::TempDir dir;
  const auto ran = keep_diary(dir, "exec");
  CHECK(ran.out.find("lodge.log") == std::string::npos);
}

TEST_CASE("a diary that can't be opened is an error") {
  const support::TempDir dir;
  const std::string file = dir.write("file", "");
  CHECK_FALSE(log::open(file + "/lodge.log").has_value());
}

}  // namespace base
