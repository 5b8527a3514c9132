#include "capture/capture_thread.h"

#include <doctest/doctest.h>

#include <random>

#include "capture/rig.h"

using namespace capture_test;

namespace {

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// What the file must hold but for the stamps: the naive oracle.
std::string closed(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

}  // namespace

TEST_CASE("all 256 byte values come back as they were written") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, all_bytes() + "\n" + all_bytes());
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(without_stamps(rig.file("api-out.log")) ==
        closed(all_bytes() + "\n" + all_bytes()));
}

TEST_CASE("empty lines and NULs are lines like any other") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  const std::string text("\n\n\0\n\0\0a\n\n", 9);
  put(child, text);
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(without_stamps(rig.file("api-out.log")) == text);
  CHECK(rig.seen.lines().empty());
}

TEST_CASE("text cut anywhere gives the same lines") {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    Rig rig;
    auto child = rig.add(1, "api-out.log");
    std::string text;
    for (int i = 0; i < 400; ++i) {
      text.append(random() % 90, static_cast<char>('a' + random() % 26));
      if (random() % 3 != 0) text += '\n';
    }
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto piece = rest.substr(0, 1 + random() % 300);
      put(child, piece);
      if (random() % 4 == 0) rig.drain(1);
      rest.remove_prefix(piece.size());
    }
    child.reset();
    REQUIRE(rig.ended(1));
    const std::string file = rig.file("api-out.log");
    CHECK(without_stamps(file) == closed(text));
    CHECK(stamps_never_fall(file));
  }
}

TEST_CASE("a million numbered lines are all there, in order") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += std::to_string(i) + "\n";
  put(child, text);
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(without_stamps(rig.file("api-out.log")) == text);
}

TEST_CASE("a line much longer than any buffer passes whole") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  std::string text(5'000'000, 'x');
  text += "\nshort\n";
  put(child, text);
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(without_stamps(rig.file("api-out.log")) == text);
}

TEST_CASE("a prompt is on disk while the child waits") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "name? ");
  CHECK(eventually(
      [&] { return rig.file("api-out.log").ends_with("Z name? "); }));
  put(child, "hm\n");
  CHECK(eventually(
      [&] { return rig.file("api-out.log").ends_with("Z name? hm\n"); }));
}

TEST_CASE("the end in mid-line is told, with the line's stamp, and closed") {
  Rig rig;
  auto child = rig.add(5, "api-out.log");
  put(child, "whole\npart");
  child.reset();
  REQUIRE(rig.ended(1));
  const auto lines = lines_of(rig.file("api-out.log"));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].ends_with("Z part\n"));
  REQUIRE(rig.seen.lines().size() == 1);
  CHECK(rig.seen.lines()[0].source == 5);
  CHECK(rig.seen.lines()[0].line == store::parse_line(lines[1]).time);
}

TEST_CASE("a drain answers when what the pipe held is on disk") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, std::string(60'000, 'a') + "\nlast\n");
  rig.drain(1);  // the pipe stays open, as a grandchild would keep it
  CHECK(rig.file("api-out.log").ends_with("Z last\n"));
  rig.drain(1);   // empty
  rig.drain(99);  // unknown
  CHECK(rig.seen.ended().empty());
}

TEST_CASE("a new generation goes on in the same file") {
  Rig rig;
  for (uint64_t generation = 1; generation <= 3; ++generation) {
    auto child = rig.add(generation, "api-out.log");
    put(child, "life " + std::to_string(generation) + "\n");
    child.reset();
    REQUIRE(rig.ended(generation));
  }
  CHECK(without_stamps(rig.file("api-out.log")) == "life 1\nlife 2\nlife 3\n");
}

TEST_CASE("a directory that is missing is made") {
  Rig rig;
  auto child = rig.add(1, "logs/deep/api-out.log");
  put(child, "hello\n");
  child.reset();
  REQUIRE(rig.ended(1));
  CHECK(without_stamps(rig.file("logs/deep/api-out.log")) == "hello\n");
}

TEST_CASE("removing files lets their sources go") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "hello\n");
  REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
  std::atomic<bool> done = false;
  rig.capture.remove({rig.dir.path("api-out.log")}, [&](base::Status status) {
    CHECK(status.has_value());
    done = true;
  });
  REQUIRE(eventually([&] { return done.load(); }));
  CHECK_FALSE(base::fs::exists(rig.dir.path("api-out.log")));
}

TEST_CASE("what was read is on disk after stop") {
  Rig rig;
  auto one = rig.add(1, "api-out.log");
  auto two = rig.add(2, "api-out.log");
  put(one, "held");
  put(two, "held too");
  rig.drain(1);
  rig.drain(2);
  rig.capture.stop();
  const std::string text = without_stamps(rig.file("api-out.log"));
  CHECK((text == "held\nheld too" || text == "held too\nheld"));
}
