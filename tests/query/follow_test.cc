#include "query/following.h"

#include <doctest/doctest.h>

namespace {

using query_test::Following;
using query_test::LogDir;

constexpr int64_t kStart = 1'795'256'100'000'000;

std::string stamped(int64_t us, std::string_view text) {
  return base::format_stamp({kStart + us}) + " " + std::string(text);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a file in another directory is followed, also one made later") {
  LogDir dir;
  const LogDir elsewhere;
  store::Catalog catalog;
  catalog.apps.push_back({"api",
                          "default",
                          "api-events.log",
                          {},
                          {},
                          {{0, 0, elsewhere.file("a.log"), ""}}});
  REQUIRE(store::save_catalog(dir.path(), catalog));
  Following following(dir);
  elsewhere.append("a.log", stamped(1, "one\n"));
  following.wait_for(1);
  elsewhere.append("a.log", stamped(2, "two\n"));
  following.wait_for(2);
  CHECK(following.texts() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("what was there and what comes is shown once, in order") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "one\n") + stamped(2, "two\n"));
  Following follow(dir);
  dir.append("api-error.log", stamped(3, "three\n"));
  follow.wait_for(3);
  dir.append("api-out.log", stamped(4, "four\n") + stamped(4, "five\n"));
  follow.wait_for(5);
  CHECK(follow.texts() == Texts{"one", "two", "three", "four", "five"});
}

TEST_CASE("a line that ends after we joined is shown once, whole") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "one\n") + stamped(2, "tw"));
  Following follow(dir);
  dir.append("api-out.log", "o\n" + stamped(3, "three\n"));
  follow.wait_for(3);
  CHECK(follow.texts() == Texts{"one", "two", "three"});
}

TEST_CASE("a prompt is shown when it stays, and its rest goes on") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "name? "));
  Following follow(dir);
  follow.wait_for(1);
  CHECK(follow.texts() == Texts{"name? "});
  dir.append("api-out.log", "bob\n" + stamped(2, "hello\n"));
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"name? bob", "hello"});
}

TEST_CASE("flush loses nothing and shows nothing twice") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "one\n"));
  Following follow(dir);
  dir.append("api-out.log", stamped(2, "two\n"));
  dir.flush("api-out.log");
  dir.append("api-out.log", stamped(3, "three\n"));
  follow.wait_for(3);
  dir.flush("api-out.log");
  dir.append("api-out.log", stamped(4, "four\n"));
  follow.wait_for(4);
  CHECK(follow.texts() == Texts{"one", "two", "three", "four"});
}

TEST_CASE("events that become the earlier ones are shown once") {
  LogDir dir;
  dir.add_app("api", 1);
  auto tell = [&, time = kStart](const char* word) mutable {
    store::Event event;
    event.time = {++time};
    event.app = "api";
    event.kind = store::EventKind::Stop;
    event.reason = word;
    REQUIRE(store::append_event(dir.path(), event));
  };
  tell("1");
  REQUIRE(store::turn_events(dir.path(), "api", {kStart + 1}, 1));
  tell("2");
  Following follow(dir, 100, true);
  follow.wait_for(2);
  tell("3");
  REQUIRE(store::turn_events(dir.path(), "api", {kStart + 5}, 1));
  tell("4");
  follow.wait_for(5);
  const auto texts = follow.texts();
  REQUIRE(texts.size() == 5);
  CHECK(texts[0] == "stopping (1)");
  CHECK(texts[1] == "stopping (2)");
  CHECK(texts[2] == "stopping (3)");
  CHECK(texts[3].find("api-events-1.log") != std::string::npos);
  CHECK(texts[4] == "stopping (4)");
}

TEST_CASE("a line in progress goes on in the file that flush made") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "half"));
  Following follow(dir);
  SUBCASE("not shown yet") {}
  SUBCASE("shown in part") {
    follow.wait_for(1);
  }
  dir.flush("api-out.log", stamped(1, "half"));
  dir.append("api-out.log", " and half\n" + stamped(2, "next\n"));
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"half and half", "next"});
}

TEST_CASE("a line that was left open in the old file is shown before the new") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "open"));
  Following follow(dir);
  dir.flush("api-out.log", stamped(2, "new\n"));
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"open", "new"});
}

TEST_CASE("a file cut from outside is read from its beginning again") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "one\n") + stamped(2, "two\n"));
  Following follow(dir);
  REQUIRE(::truncate(dir.file("api-out.log").c_str(), 0) == 0);
  dir.append("api-out.log", stamped(3, "three\n"));
  follow.wait_for(3);
  CHECK(follow.texts() == Texts{"one", "two", "three"});
}

// --- files without stamps ----------------------------------------------------

TEST_CASE("unstamped lines are followed with the times of their sidecar") {
  LogDir dir;
  dir.add_app("api", 1, "none");
  dir.append_at("api-out.raw.log", kStart + 1, "one\nt");
  Following follow(dir);
  dir.append_at("api-out.raw.log", kStart + 2, "wo\nthree\n");
  dir.append_at("api-error.raw.log", kStart + 3, "four\n");
  follow.wait_for(4);
  CHECK(follow.texts() == Texts{"one", "two", "three", "four"});
  std::vector<int64_t> times;
  for (const auto& row : follow.collector().shown)
    times.push_back(row.time ? row.time->us - kStart : -1);
  CHECK(times == std::vector<int64_t>{1, 1, 2, 3});
}

TEST_CASE("an unstamped line in progress goes on in the file that flush made") {
  LogDir dir;
  dir.add_app("api", 1, "none");
  dir.append_at("api-out.raw.log", kStart, "zero\n");
  dir.append_at("api-out.raw.log", kStart + 1, "half");
  Following follow(dir);
  follow.wait_for(1);
  SUBCASE("not shown yet") {}
  SUBCASE("shown in part") {
    follow.wait_for(2);
  }
  dir.flush_at("api-out.raw.log", kStart + 1, "half");
  dir.append_at("api-out.raw.log", kStart + 2, " and half\nnext\n");
  follow.wait_for(3);
  CHECK(follow.texts() == Texts{"zero", "half and half", "next"});
  CHECK(follow.collector().shown[2].time->us == kStart + 2);
}

TEST_CASE("an unstamped line left open is not mixed with another file's") {
  LogDir dir;
  dir.add_app("api", 1, "none");
  dir.append_at("api-out.raw.log", kStart + 1, "open");
  Following follow(dir);
  dir.flush_at("api-out.raw.log");
  dir.append_at("api-out.raw.log", kStart + 2, "new\n");
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"open", "new"});
}

TEST_CASE("an unstamped file whose sidecar is gone is followed without times") {
  LogDir dir;
  dir.add_app("api", 1, "none");
  dir.append("api-out.raw.log", "one\n");
  Following follow(dir);
  dir.append("api-out.raw.log", "two\n");
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"one", "two"});
  CHECK_FALSE(follow.collector().shown[1].time.has_value());
}

TEST_CASE("apps, instances and files that appear later are followed") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir);
  dir.append("api-error.log", stamped(1, "first\n"));
  follow.wait_for(1);
  dir.append("web-out-1.log", stamped(2, "before the catalog\n"));
  dir.add_app("web", 2);
  follow.wait_for(2);
  dir.append("web-out.log", stamped(3, "after\n"));
  follow.wait_for(3);
  CHECK(follow.texts() == Texts{"first", "before the catalog", "after"});
  CHECK(follow.collector().shown[2].label == "web/0");
}

TEST_CASE("an app is followed although no plan could be made when it came") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir);
  int failed = 0;
  follow.on_replan([&] { return failed++ == 0; });
  dir.append("web-out.log", stamped(1, "hello\n"));
  dir.add_app("web", 1);
  follow.wait_for(1);
  CHECK(follow.texts() == Texts{"hello"});
  CHECK(failed > 1);
}

TEST_CASE("a line that flush cut in two has the place that it has afterwards") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "one\n") + stamped(2, "half"));
  Following follow(dir);
  SUBCASE("not shown yet") {}
  SUBCASE("shown in part") {
    follow.wait_for(2);
  }
  dir.flush("api-out.log", stamped(2, "half"));
  dir.append("api-out.log", " and half\n" + stamped(3, "next\n"));
  follow.wait_for(3);
  REQUIRE(follow.cursors().size() == 3);
  CHECK(Texts(follow.cursors().begin() + 1, follow.cursors().end()) ==
        query_test::cursors_of(dir));
}

TEST_CASE("a file that is removed and made anew is followed") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "one\n"));
  Following follow(dir);
  REQUIRE(base::fs::unlink(dir.file("api-out.log")));
  dir.append("api-out.log", stamped(2, "two\n"));
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"one", "two"});
}

TEST_CASE("what both streams have when we wake is shown in its order") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir, 0);
  dir.append("api-out.log", stamped(0, "begin\n"));
  dir.append("api-error.log", stamped(0, "begin\n"));
  follow.wait_for(2);
  for (int i = 0; i < 20; ++i) {
    // Quiet before, and the older one in the stream that was not the last.
    follow.wait_until_idle(std::chrono::milliseconds(20));
    dir.append("api-out.log", stamped(4 * i + 2, "b\n"));
    dir.append("api-error.log", stamped(4 * i + 1, "a\n"));
    follow.wait_for(static_cast<size_t>(2 * i) + 4);
  }
  for (size_t i = 2; i < 42; i += 2) {
    CHECK(follow.texts()[i] == "a");
    CHECK(follow.texts()[i + 1] == "b");
  }
}

TEST_CASE("however much one stream has, the other's later line comes behind") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir);
  dir.append("api-out.log", stamped(0, "begin\n"));
  dir.append("api-error.log", stamped(0, "begin\n"));
  follow.wait_for(2);
  size_t shown = 2;
  for (int i = 1; i <= 5; ++i) {
    follow.wait_until_idle(std::chrono::milliseconds(20));
    std::string much;
    for (int line = 0; line < 4'000; ++line)
      much += stamped(2 * i, std::string(90, 'a') + "\n");
    dir.append("api-out.log", much);
    dir.append("api-error.log", stamped(2 * i + 1, "b\n"));
    follow.wait_for(shown += 4'001);
    CHECK(follow.texts().back() == "b");
  }
}

TEST_CASE("what others write in the directory hides nothing of ours") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir);
  for (size_t i = 1; i <= 20; ++i) {
    dir.append("other.log", "noise\n");
    follow.wait_until_idle(std::chrono::milliseconds(10));
    dir.append("api-out.log", stamped(static_cast<int64_t>(i), "line\n"));
    follow.wait_for(i);
  }
  CHECK(follow.texts() == Texts(20, "line"));
}

TEST_CASE("two streams under flush: every line once, in order") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir, 0);
  constexpr int kLines = 4'000;
  for (int i = 0; i < kLines; ++i) {
    const std::string name = i % 3 == 0 ? "api-error.log" : "api-out.log";
    dir.append(name, stamped(i, std::to_string(i) + "\n"));
    // Between two flushes the follower gets to see the file, as it does
    // within milliseconds of any other.
    if (i % 500 == 250) {
      follow.wait_for(static_cast<size_t>(i) + 1);
      dir.flush(name);
    }
  }
  follow.wait_for(kLines);
  REQUIRE(follow.texts().size() == kLines);
  std::vector<int> last = {-1, -1};
  std::vector<bool> seen(kLines);
  for (const auto& row : follow.collector().shown) {
    const int number = std::stoi(row.text);
    auto& before = last[row.kind == query::Kind::Error ? 1 : 0];
    CHECK(number > before);
    before = number;
    CHECK(!seen[static_cast<size_t>(number)]);
    seen[static_cast<size_t>(number)] = true;
  }
}
