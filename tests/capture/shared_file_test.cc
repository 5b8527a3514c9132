// Several sources, one live file: whole lines through real pipes.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "capture/rig.h"

using namespace capture_test;

TEST_CASE("three sources that write fragments never tear a line") {
  std::mt19937 random(3);
  Rig rig;
  constexpr uint64_t kSources = 3;
  std::map<uint64_t, base::UniqueFd> pipes;
  std::map<uint64_t, std::string> left;
  std::map<uint64_t, std::vector<std::string>> wrote;
  for (uint64_t id = 1; id <= kSources; ++id) {
    pipes[id] = rig.add(id, "api-out.log");
    for (int i = 0; i < 3000; ++i) {
      wrote[id].push_back(std::to_string(id) + ":" + std::to_string(i) +
                          std::string(random() % 200, '.') + "\n");
      left[id] += wrote[id].back();
    }
  }
  std::vector<std::thread> children;
  for (uint64_t id = 1; id <= kSources; ++id)
    children.emplace_back([&, id] {
      std::mt19937 mine(static_cast<unsigned>(id));
      std::string_view rest = left.at(id);
      while (!rest.empty()) {
        const auto piece = rest.substr(0, 1 + mine() % 150);
        (void)base::fs::write_all(pipes.at(id).get(), piece, "pipe");
        rest.remove_prefix(piece.size());
      }
      pipes.at(id).reset();
    });
  for (auto& child : children) child.join();
  REQUIRE(rig.ended(kSources));
  const std::string file = rig.file("api-out.log");
  CHECK(stamps_never_fall(file));
  std::map<uint64_t, std::vector<std::string>> heard;
  for (const auto& line : lines_of(without_stamps(file)))
    heard[static_cast<uint64_t>(line[0] - '0')].push_back(line);
  CHECK(heard == wrote);
  CHECK(rig.seen.lines().empty());
}

TEST_CASE("a forgotten prompt stops another instance for a second at most") {
  Rig rig;
  auto one = rig.add(1, "api-out.log");
  put(one, "name? ");
  REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
  auto two = rig.add(2, "api-out.log");
  put(two, "two\n");
  REQUIRE(
      eventually([&] { return rig.file("api-out.log").ends_with("two\n"); }));
  CHECK(without_stamps(rig.file("api-out.log")) == "name? \ntwo\n");
  REQUIRE(rig.seen.lines().size() == 1);
  CHECK(rig.seen.lines()[0].source == 1);
  put(one, "hm\n");
  CHECK(
      eventually([&] { return rig.file("api-out.log").ends_with("Z hm\n"); }));
  CHECK(stamps_never_fall(rig.file("api-out.log")));
}

TEST_CASE("a partial line among several is on disk within moments") {
  Rig rig;
  auto one = rig.add(1, "api-out.log");
  auto two = rig.add(2, "api-out.log");
  put(one, "name? ");
  CHECK(eventually(
      [&] { return rig.file("api-out.log").ends_with("Z name? "); }));
}

TEST_CASE("an end in mid-line while another owns the file waits its turn") {
  Rig rig;
  auto one = rig.add(1, "api-out.log");
  put(one, "own");
  REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
  auto two = rig.add(2, "api-out.log");
  put(two, "last words");
  REQUIRE(eventually([&] { return is_read(two); }));
  two.reset();
  put(one, "er\n");
  REQUIRE(
      eventually([&] { return rig.file("api-out.log").ends_with("words\n"); }));
  CHECK(without_stamps(rig.file("api-out.log")) == "owner\nlast words\n");
  REQUIRE(rig.seen.lines().size() == 1);
  CHECK(rig.seen.lines()[0].source == 2);
}
