// Flush: an empty file in place of the live one, nothing lost, nothing torn.
#include <doctest/doctest.h>

#include "capture/rig.h"

using namespace capture_test;

namespace {

// The old file stays readable through a descriptor, as a follower's does.
struct Follower {
  explicit Follower(const std::string& path) {
    auto opened = base::fs::open(path, O_RDONLY);
    REQUIRE(opened);
    fd = std::move(*opened);
  }
  std::string text() const {
    std::string all;
    char chunk[65536];
    for (;;) {
      auto n = base::fs::pread(fd.get(), chunk, all.size(), "follower");
      REQUIRE(n);
      if (*n == 0) return all;
      all.append(chunk, *n);
    }
  }
  base::UniqueFd fd;
};

bool holds(const Rig& rig, std::string_view text) {
  return eventually([&] { return rig.file("api-out.log").ends_with(text); });
}

}  // namespace

TEST_CASE("under load every line is in the old file or in the new, once") {
  for (int round = 0; round < 5; ++round) {
    Rig rig;
    auto child = rig.add(1, "api-out.log");
    constexpr int kLines = 200'000;
    std::thread writer([&] {
      std::string text;
      for (int i = 0; i < kLines; ++i) {
        text += std::to_string(i) + "\n";
        if (text.size() < 4000) continue;
        (void)base::fs::write_all(child.get(), text, "pipe");
        text.clear();
      }
      (void)base::fs::write_all(child.get(), text, "pipe");
      child.reset();
    });
    std::string expected;
    for (int i = 0; i < kLines; ++i) expected += std::to_string(i) + "\n";
    std::string all;
    REQUIRE(eventually([&] { return !rig.file("api-out.log").empty(); }));
    for (int i = 0; i < 4; ++i) {
      const Follower old(rig.dir.path("api-out.log"));
      const auto done = rig.replace({rig.dir.path("api-out.log")});
      REQUIRE(done.size() == 1);
      CHECK_FALSE(done[0].error);
      const std::string text = old.text();
      CHECK(done[0].bytes == text.size());
      all += without_stamps(text);
    }
    writer.join();
    REQUIRE(rig.ended(1));
    all += without_stamps(rig.file("api-out.log"));
    CHECK(all == expected);
  }
}

TEST_CASE("a line that does not end takes its head along, stamp and all") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "gone\nname? ");
  REQUIRE(holds(rig, "name? "));
  const std::string before = lines_of(rig.file("api-out.log")).back();
  const auto done = rig.replace({rig.dir.path("api-out.log")});
  CHECK_FALSE(done[0].error);
  // It is the next write of the new file, which the answer does not wait for.
  CHECK(eventually([&] { return rig.file("api-out.log") == before; }));
  put(child, "hm\n");
  REQUIRE(holds(rig, "hm\n"));
  CHECK(rig.file("api-out.log") == before + "hm\n");
}

TEST_CASE("the rest of a line too long to move begins a line of its own") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, std::string(100'000, 'x'));
  rig.drain(1);
  const auto done = rig.replace({rig.dir.path("api-out.log")});
  CHECK(done[0].bytes == 100'000 + store::kPrefixSize);
  CHECK(rig.file("api-out.log").empty());
  put(child, "rest\n");
  REQUIRE(holds(rig, "rest\n"));
  CHECK(without_stamps(rig.file("api-out.log")) == "rest\n");
}

TEST_CASE("files of stopped apps are emptied, missing ones stay missing") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "one\n");
  child.reset();
  REQUIRE(rig.ended(1));
  const auto done =
      rig.replace({rig.dir.path("api-out.log"), rig.dir.path("none.log")});
  REQUIRE(done.size() == 2);
  CHECK(done[0].bytes == store::kPrefixSize + 4);
  CHECK(done[1].bytes == 0);
  CHECK_FALSE(done[1].error);
  CHECK(base::fs::exists(rig.dir.path("api-out.log")));
  CHECK(rig.file("api-out.log").empty());
  CHECK_FALSE(base::fs::exists(rig.dir.path("none.log")));
}

TEST_CASE("a flush of nothing answers") {
  Rig rig;
  CHECK(rig.replace({}).empty());
}

TEST_CASE("a flush whose app ends while it waits is answered all the same") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  const std::string path = rig.dir.path("api-out.log");
  CHECK(rig.replace({path}).size() == 1);
  // So soon after the first one the second has to wait, and its file loses its
  // last writer meanwhile.
  std::thread ends([&] { child.reset(); });
  const auto done = rig.replace({path});
  ends.join();
  REQUIRE(done.size() == 1);
  CHECK_FALSE(done[0].error);
}

TEST_CASE("a file too young to have been opened by all is spared") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  const std::string path = rig.dir.path("api-out.log");
  const auto before = base::SystemClock().mono();
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  const std::string text = rig.file("api-out.log");
  SUBCASE("made by the first line") {}
  SUBCASE("made by a seal") {
    const auto sealed = rig.seal({{{path, rig.options, {.app = "api"}}}});
    REQUIRE(sealed[0].outcome == capture::Sealed::Outcome::Sealed);
    put(child, "two\n");
    REQUIRE(holds(rig, "two\n"));
  }
  SUBCASE("made by a flush") {
    REQUIRE_FALSE(rig.replace({path})[0].too_young);
    put(child, "two\n");
    REQUIRE(holds(rig, "two\n"));
  }
  const std::string now = rig.file("api-out.log");
  auto done = rig.replace({path}, before);
  REQUIRE(done.size() == 1);
  CHECK(done[0].too_young);
  CHECK(rig.file("api-out.log") == now);
  done =
      rig.replace({path}, base::SystemClock().mono() + std::chrono::seconds(1));
  REQUIRE(done.size() == 1);
  CHECK_FALSE(done[0].too_young);
  CHECK(done[0].bytes == now.size());
  CHECK(rig.file("api-out.log").empty());
}

TEST_CASE("a flushed file is private and has left nothing beside it") {
  Rig rig;
  auto child = rig.add(1, "api-out.log");
  put(child, "one\n");
  REQUIRE(holds(rig, "one\n"));
  (void)rig.replace({rig.dir.path("api-out.log")});
  auto info = base::fs::stat(rig.dir.path("api-out.log"));
  REQUIRE(info);
  CHECK((info->st_mode & 0777) == 0600);
  auto names = base::fs::list_dir(base::fs::dir_name(rig.dir.path("x")));
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{"api-out.log"});
}

TEST_CASE("times go with the file without stamps that nobody writes any more") {
  Rig rig;
  rig.options.stamp = capture::SinkOptions::Stamp::None;
  const std::string path = rig.dir.path("api-out.raw.log");
  auto child = rig.add(1, "api-out.raw.log");
  put(child, "gone\n");
  child.reset();
  REQUIRE(rig.ended(1));
  const size_t header = 16;
  CHECK(rig.file("api-out.raw.idx").size() > header);
  const auto done = rig.replace({path});
  REQUIRE(done.size() == 1);
  CHECK_FALSE(done[0].error);
  CHECK(done[0].bytes == 5);
  CHECK(rig.file("api-out.raw.log").empty());
  CHECK(rig.file("api-out.raw.idx").size() == header);
}
