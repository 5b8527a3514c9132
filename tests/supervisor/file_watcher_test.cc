#include "supervisor/file_watcher.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/fs.h"
#include "support/temp_dir.h"
#include "support/wait.h"

using supervisor::FileWatcher;
using supervisor::WatchOrder;

namespace {

// A watcher, its loop, and what it told.
struct Watching {
  explicit Watching(WatchOrder order) {
    order.delay = std::chrono::milliseconds(1);
    watcher.watch("app", std::move(order));
  }
  // Handles what has come until `path` is told; false after a long time.
  bool hears(const std::string& path) {
    return support::wait_until([&] {
      loop.post([] {});
      loop.run_once();
      return std::erase(told, path) > 0;
    });
  }
  // Changes `file` until that is told: from then on all of it is watched.
  void settle(const std::string& file, const std::string& name) {
    bool heard = false;
    for (int i = 0; i < 1000 && !heard; ++i) {
      REQUIRE(base::fs::replace_file(file, std::to_string(i)));
      ::usleep(5000);
      loop.post([] {});
      loop.run_once();
      heard = std::erase(told, name) > 0;
    }
    REQUIRE(heard);
  }

  std::vector<std::string> told;
  std::vector<std::string> failures;
  base::EventLoop loop;
  FileWatcher watcher{loop,
                      {[this](const std::string&, const std::string& path) {
                         told.push_back(path);
                       },
                       [this](const std::string&, const std::string& why) {
                         failures.push_back(why);
                       }}};
};

WatchOrder order_for(const support::TempDir& dir) {
  WatchOrder order;
  order.cwd = dir.path();
  order.paths = {dir.path()};
  return order;
}

}  // namespace

TEST_CASE("changes are told: written, made, replaced, removed, in new places") {
  const support::TempDir dir;
  REQUIRE(base::fs::make_dir(dir.file("src")));
  dir.write("src/a.js", "1");
  Watching watching(order_for(dir));
  watching.settle(dir.file("z"), "z");

  dir.write("src/a.js", "2");
  CHECK(watching.hears("src/a.js"));
  // As editors save: another file takes the name.
  dir.write("src/.a.js.new", "3");
  REQUIRE(base::fs::rename(dir.file("src/.a.js.new"), dir.file("src/a.js")));
  CHECK(watching.hears("src/a.js"));
  REQUIRE(base::fs::unlink(dir.file("src/a.js")));
  CHECK(watching.hears("src/a.js"));
  REQUIRE(base::fs::make_dirs(dir.file("new/deep")));
  dir.write("new/deep/b.js", "1");
  CHECK(watching.hears("new/deep/b.js"));
}

TEST_CASE("what is ignored and what is Lodge's own is not told") {
  const support::TempDir dir;
  for (const auto* name : {"node_modules", ".git", "logs"})
    REQUIRE(base::fs::make_dir(dir.file(name)));
  auto order = order_for(dir);
  order.ignore = {"*.tmp"};
  order.own = {dir.file("logs") + "/", dir.file("app.log")};
  Watching watching(std::move(order));
  watching.settle(dir.file("z"), "z");
  for (const auto* name : {"node_modules/a.js", ".git/HEAD", "logs/a.log",
                           "app.log", "x.tmp", ".hidden"})
    dir.write(name, "1");
  dir.write("app.logic", "1");
  CHECK(watching.hears("app.logic"));
  CHECK(watching.told.empty());
}

TEST_CASE("a file and a glob are watched alone, dot names when asked for") {
  const support::TempDir dir;
  REQUIRE(base::fs::make_dir(dir.file("src")));
  dir.write(".env", "A=1");
  auto order = order_for(dir);
  order.paths = {dir.file(".env"), dir.file("src/*.ts"), dir.file("none")};
  Watching watching(std::move(order));
  watching.settle(dir.file("src/z.ts"), "src/z.ts");
  dir.write("other.js", "1");
  dir.write("src/a.js", "1");
  dir.write(".env", "A=2");
  CHECK(watching.hears(".env"));
  CHECK(watching.told.empty());
  REQUIRE(watching.failures.size() == 1);
  CHECK(watching.failures[0].find(dir.file("none")) != std::string::npos);
}

TEST_CASE("polling tells the same of a file system that tells nothing") {
  const support::TempDir dir;
  REQUIRE(base::fs::make_dir(dir.file("src")));
  dir.write("src/a.js", "1");
  auto order = order_for(dir);
  order.polling = true;
  order.interval = std::chrono::milliseconds(20);
  Watching watching(std::move(order));
  watching.settle(dir.file("z"), "z");
  dir.write("src/a.js", "22");
  CHECK(watching.hears("src/a.js"));
  REQUIRE(base::fs::unlink(dir.file("src/a.js")));
  CHECK(watching.hears("src/a.js"));
}

TEST_CASE("a link that leads round in a circle ends") {
  const support::TempDir dir;
  REQUIRE(base::fs::make_dir(dir.file("a")));
  REQUIRE(::symlink("..", dir.file("a/up").c_str()) == 0);
  Watching watching(order_for(dir));
  watching.settle(dir.file("a/x.js"), "a/x.js");
}
