#include "base/home.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/probe_process.h"
#include "support/temp_dir.h"

namespace base {
namespace {

mode_t mode_of(const std::string& path) {
  return fs::stat(path).value().st_mode & 07777;
}

struct WithUmask {
  explicit WithUmask(mode_t mask) : before(::umask(mask)) {}
  ~WithUmask() { ::umask(before); }
  mode_t before;
};

// What `--home FLAG` finds in a process with these variables.
std::string located(const std::string& flag, Variables env) {
  env.emplace_back("PROBE_FLAG", flag);
  return run_probe("locate home", std::move(env)).out;
}

}  // namespace

TEST_CASE("probe: locate home" * doctest::skip()) {
  const auto home = Home::locate(std::getenv("PROBE_FLAG"));
  const std::string text = home ? home->root() : home.error().message;
  (void)!::write(1, text.data(), text.size());
  std::_Exit(0);
}

TEST_CASE("a home is private from the moment it is made, under any umask") {
  for (const mode_t mask : {0u, 022u, 077u}) {
    CAPTURE(mask);
    const support::TempDir dir;
    const WithUmask with(mask);
    const Home home(dir.file("a/b/home"));
    REQUIRE(home.make().has_value());
    for (const char* name : {"", "logs", "logs/archive", "run"})
      CHECK(mode_of(home.path(name)) == 0700);
    CHECK(mode_of(home.path("id")) == 0600);
  }
}

TEST_CASE("a home is made once: its id stays") {
  const support::TempDir dir;
  const Home home(dir.file("home"));
  REQUIRE(home.make().has_value());
  const std::string id = support::slurp(home.path("id"));
  CHECK(id.size() == 33);
  CHECK(id.find_first_not_of("0123456789abcdef") == 32);
  REQUIRE(home.make().has_value());
  CHECK(support::slurp(home.path("id")) == id);
  const Home other(dir.file("other"));
  REQUIRE(other.make().has_value());
  CHECK(support::slurp(other.path("id")) != id);
}

TEST_CASE("many who make a home at once agree on its id") {
  for (int round = 0; round < 20; ++round) {
    const support::TempDir dir;
    const Home home(dir.file("home"));
    std::vector<std::string> ids(8);
    {
      std::vector<std::jthread> threads;
      for (auto& id : ids)
        threads.emplace_back([&home, &id] {
          if (home.make()) id = support::slurp(home.path("id"));
        });
    }
    CHECK_FALSE(ids[0].empty());
    for (const auto& id : ids) CHECK(id == ids[0]);
    const auto names = fs::list_dir(home.root()).value();
    CHECK(std::ranges::none_of(names, fs::is_temporary));
  }
}

TEST_CASE("a sweep of leftovers does not fail who makes the home meanwhile") {
  for (int round = 0; round < 20; ++round) {
    const support::TempDir dir;
    const Home home(dir.file("home"));
    std::atomic<bool> done{false};
    std::atomic<int> failures{0};
    std::jthread sweeper([&] {
      while (!done) {
        // As a daemon does: there is a home with an id by then.
        if (!fs::exists(home.path("id"))) continue;
        const auto names = fs::list_dir(home.root());
        if (!names) continue;
        for (const auto& name : *names)
          if (fs::is_temporary(name)) (void)fs::unlink(home.path(name));
      }
    });
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
          if (!home.make()) ++failures;
        });
    }
    done = true;
    CHECK(failures == 0);
  }
}

TEST_CASE("somebody else's directory is refused, and nothing made in it") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: giving a directory away needs root");
    return;
  }
  const support::TempDir dir;
  const Home home(dir.file("home"));
  REQUIRE(fs::make_dir(home.root()).has_value());
  REQUIRE(::chown(home.root().c_str(), 65534, 65534) == 0);
  const auto made = home.make();
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == Errc::Denied);
  CHECK(made.error().message.find(home.root()) != std::string::npos);
  CHECK_FALSE(made.error().hint.empty());
  CHECK(fs::list_dir(home.root()).value().empty());
}

TEST_CASE("a file in place of the home is an error that names it") {
  const support::TempDir dir;
  const auto made = Home(dir.write("f", "")).make();
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message.find(dir.file("f")) != std::string::npos);
}

TEST_CASE("the flag wins over LODGE_HOME, it over HOME") {
  CHECK(located("/flag", {{"LODGE_HOME", "/variable"}, {"HOME", "/h"}}) ==
        "/flag");
  CHECK(located("", {{"LODGE_HOME", "/variable"}, {"HOME", "/h"}}) ==
        "/variable");
  CHECK(located("", {{"HOME", "/h"}}) == "/h/.lodge");
  CHECK(located("", {{"LODGE_HOME", ""}, {"HOME", "/h"}}) == "/h/.lodge");
  CHECK(located("/a/../b/./c/", {}) == "/b/c");
  CHECK(located("", {{"HOME", "relative"}}).starts_with("/"));
  const auto here = fs::current_dir().value();
  CHECK(located("x", {}) == here + "/x");
  CHECK(located("", {{"LODGE_HOME", "x"}}) == here + "/x");
}

TEST_CASE("the parts of a home are where SPEC has them") {
  const Home home("/h");
  CHECK(home.socket() == "/h/lodge.sock");
  CHECK(home.diary() == "/h/lodge.log");
  CHECK(home.app_list() == "/h/apps.json");
  CHECK(home.logs() == "/h/logs");
  CHECK(home.run("keeper.lock") == "/h/run/keeper.lock");
}

}  // namespace base
