// Live files that are not as we left them: adopted in mid-line, moved,
// removed, truncated, planted.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "capture/rig.h"

using namespace capture_test;

namespace {

constexpr std::string_view kOpenLine = "2026-09-01T00:00:00.000001Z half a";

struct Adopted {
  explicit Adopted(Rig& rig, int sources, std::string_view file) {
    write(rig.dir.path("api-out.log"), file);
    std::vector<capture::CaptureThread::Adopted> all;
    for (int i = 1; i <= sources; ++i) {
      auto pipe = base::fs::make_pipe();
      REQUIRE(pipe);
      all.push_back({Rig::info(static_cast<uint64_t>(i)),
                     std::move(pipe->read),
                     {rig.dir.path("api-out.log")}});
      children.push_back(std::move(pipe->write));
    }
    rig.capture.adopt(std::move(all), {});
  }
  static void write(const std::string& path, std::string_view text) {
    auto fd = base::fs::open(path, O_WRONLY | O_CREAT | O_APPEND);
    REQUIRE(fd);
    REQUIRE(base::fs::write_all(fd->get(), text, path));
  }
  std::vector<base::UniqueFd> children;
};

// Writes `line` again and again until the live file holds it.
bool arrives(Rig& rig, const base::UniqueFd& child, std::string_view line) {
  return eventually([&] {
    put(child, line);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return rig.file("api-out.log").find(line) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("the one source that was adopted goes on with the line it left") {
  Rig rig;
  Adopted scene(rig, 1, kOpenLine);
  put(scene.children[0], " line\nnext\n");
  scene.children.clear();
  REQUIRE(rig.ended(1));
  CHECK(
      rig.file("api-out.log").starts_with(std::string(kOpenLine) + " line\n"));
  CHECK(without_stamps(rig.file("api-out.log")) == "half a line\nnext\n");
  CHECK(rig.seen.lines().empty());
}

TEST_CASE("an adopted source that ends without another word closes its line") {
  Rig rig;
  Adopted scene(rig, 1, kOpenLine);
  scene.children.clear();
  REQUIRE(rig.ended(1));
  CHECK(rig.file("api-out.log") == std::string(kOpenLine) + "\n");
  REQUIRE(rig.seen.lines().size() == 1);
  CHECK(rig.seen.lines()[0].line == store::parse_line(kOpenLine).time);
}

TEST_CASE("adopted with others, nobody knows whose line it was: it is ended") {
  Rig rig;
  Adopted scene(rig, 2, kOpenLine);
  put(scene.children[1], "two\n");
  REQUIRE(
      eventually([&] { return rig.file("api-out.log").ends_with("two\n"); }));
  CHECK(without_stamps(rig.file("api-out.log")) == "half a\ntwo\n");
  REQUIRE(rig.seen.lines().size() == 1);
  CHECK(rig.seen.lines()[0].line == store::parse_line(kOpenLine).time);
}

TEST_CASE("a new generation never goes on with a dead one's line") {
  Rig rig;
  Adopted::write(rig.dir.path("api-out.log"), kOpenLine);
  auto child = rig.add(1, "api-out.log");
  put(child, "new\n");
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(without_stamps(rig.file("api-out.log")) == "half a\nnew\n");
}

TEST_CASE("a long line is found open, with its stamp, when adopted") {
  Rig rig;
  Adopted scene(rig, 1, std::string(kOpenLine) + std::string(300'000, 'x'));
  scene.children.clear();
  REQUIRE(rig.ended(1));
  REQUIRE(rig.seen.lines().size() == 1);
  CHECK(rig.seen.lines()[0].line == store::parse_line(kOpenLine).time);
}

TEST_CASE("a live file that was moved away is made anew") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "before\n");
  REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
  REQUIRE(base::fs::rename(rig.dir.path("api-out.log"), rig.dir.path("away")));
  CHECK(arrives(rig, child, "after\n"));
  CHECK(without_stamps(rig.file("away")).starts_with("before\n"));
  CHECK(rig.seen.reopened() == std::vector<std::string>{"moved or removed"});
  const auto held = rig.seen.held();
  REQUIRE(held.size() == 1);
  CHECK(held[0].first == store::parse_line(rig.file("away")).time);
  CHECK(held[0].last >= held[0].first);
  const auto next = store::parse_line(rig.file("api-out.log")).time;
  CHECK(held[0].last < next);
}

TEST_CASE("what became of a live file while nobody wrote it is told") {
  for (const std::string what : {"moved or removed", "truncated", ""}) {
    CAPTURE(what);
    Rig rig;
    const auto path = rig.dir.path("api-out.log");
    auto child = rig.add(1, "api-out.log");
    put(child, "before\n");
    REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
    const auto first = store::parse_line(rig.file("api-out.log")).time;
    child.reset();
    REQUIRE(rig.ended(1));
    if (what == "truncated") REQUIRE(::truncate(path.c_str(), 0) == 0);
    if (what == "moved or removed") REQUIRE(base::fs::unlink(path));
    auto next = rig.add(2, "api-out.log");
    CHECK(arrives(rig, next, "after\n"));
    if (what.empty()) {
      CHECK(rig.seen.reopened().empty());
      continue;
    }
    CHECK(rig.seen.reopened() == std::vector<std::string>{what});
    REQUIRE(rig.seen.held().size() == 1);
    CHECK(rig.seen.held()[0].first == first);
    // It was said once.
    next.reset();
    REQUIRE(rig.ended(2));
    auto last = rig.add(3, "api-out.log");
    CHECK(arrives(rig, last, "again\n"));
    CHECK(rig.seen.reopened().size() == 1);
  }
}

TEST_CASE("a live file that was removed in mid-line begins with whole lines") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "half");
  REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
  REQUIRE(base::fs::unlink(rig.dir.path("api-out.log")));
  CHECK(arrives(rig, child, "and more\n"));
  CHECK(without_stamps(rig.file("api-out.log")).ends_with("and more\n"));
}

TEST_CASE("a truncated live file goes on from where it is now") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, std::string(100'000, 'x') + "\nhalf");
  REQUIRE(
      eventually([&] { return rig.file("api-out.log").ends_with("half"); }));
  REQUIRE(::truncate(rig.dir.path("api-out.log").c_str(), 0) == 0);
  REQUIRE(eventually([&] {
    put(child, "more\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return !rig.seen.reopened().empty();
  }));
  CHECK(rig.seen.reopened() == std::vector<std::string>{"truncated"});
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(rig.file("api-out.log").find('\0') == std::string::npos);
}

TEST_CASE("a FIFO in place of the live file neither hangs nor loses") {
  Rig rig;
  const std::string path = rig.dir.path("api-out.log");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  auto child = rig.add(1, "api-out.log");
  put(child, "kept\n");
  REQUIRE(eventually([&] { return !rig.seen.troubles().empty(); }));
  CHECK(rig.seen.troubles()[0].message.find("not a regular file") !=
        std::string::npos);
  REQUIRE(base::fs::unlink(path));
  CHECK(
      eventually([&] { return rig.file("api-out.log").ends_with("kept\n"); }));
}

TEST_CASE("a link in place of the live file is not followed") {
  Rig rig;
  Adopted::write(rig.dir.path("victim"), "precious\n");
  REQUIRE(::symlink(rig.dir.path("victim").c_str(),
                    rig.dir.path("api-out.log").c_str()) == 0);
  auto child = rig.add(1, "api-out.log");
  put(child, "hello\n");
  REQUIRE(eventually([&] { return !rig.seen.troubles().empty(); }));
  CHECK(rig.file("victim") == "precious\n");
}
