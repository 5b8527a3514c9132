// An app that is killed comes back, as often as it is killed, and nothing is
// left of the lives before. E2E_ROUNDS=1000 kills it a thousand times.

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/chaos.h"
#include "support/sanitized.h"
#include "support/test_home.h"

namespace support {
namespace {

size_t open_files(pid_t pid) {
  const std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid) +
                                                "/fd");
  return static_cast<size_t>(std::distance(begin(fds), end(fds)));
}

}  // namespace

TEST_CASE("kills without end leave no memory and no descriptors behind") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const pid_t daemon = home.daemon_pid();
  REQUIRE(home.keepers().size() == 1);
  const pid_t keeper = home.keepers()[0].pid;
  pid_t app = home.app("api").pid;
  const auto kill_one = [&] {
    home.must({"reset", "api"});  // no backoff: it is to be back at once
    ::kill(app, SIGKILL);
    const pid_t before = app;
    REQUIRE(wait_until([&] {
      const AppRow row = home.app("api");
      if (row.status != "online" || row.pid == before) return false;
      app = row.pid;
      return true;
    }));
  };
  for (int i = 0; i < 5; ++i) kill_one();  // whatever is made once
  const auto files = open_files(daemon) + open_files(keeper);
  const auto memory = memory_of(daemon).resident + memory_of(keeper).resident;
  const int kills = rounds(40);
  for (int i = 0; i < kills; ++i) kill_one();
  CHECK(wait_until(
      [&] { return open_files(daemon) + open_files(keeper) <= files; }));
  const auto now = memory_of(daemon).resident + memory_of(keeper).resident;
  MESSAGE(kills, " kills: ", memory / 1024, " KiB before, ", now / 1024,
          " KiB after");
  if (!kSanitized) CHECK(now <= memory + (size_t{1} << 20));
  CHECK(home.daemon_pid() == daemon);
}

TEST_CASE("without descriptors a start is refused, and what runs lives on") {
  const TestHome home;
  const auto few = [&](const std::string& words) {
    return run({"bash", "-c", "ulimit -n 64; exec " + lodge_binary() + words},
               home.in_home());
  };
  size_t started = 0;
  Ran refused;
  for (int i = 0; i < 100; ++i) {
    const Ran ran = few(" start 'exec sleep 1000' --min-uptime 1ms --name a" +
                        std::to_string(i));
    if (ran.exit == 0) {
      CHECK(started == static_cast<size_t>(i));  // none after a refusal
      ++started;
      continue;
    }
    CHECK(ran.exit == 1);
    if (refused.err.empty()) refused = ran;
  }
  INFO(refused.out, refused.err);
  CHECK(started >= 1);
  CHECK(refused.err.find("no descriptors left") != std::string::npos);
  CHECK(refused.err.find("ulimit -n") != std::string::npos);
  CHECK(home.list().size() == started);
  for (const auto& row : home.list()) CHECK(row.status == "online");
  const Ran many = few(" scale a0 20");
  CHECK(many.exit == 1);
  CHECK(many.err.find("no descriptors left") != std::string::npos);
  // What was there before can still be stopped, started and killed.
  const pid_t daemon = home.daemon_pid();
  home.must({"stop", "a0"});
  home.must({"start", "a0"});
  const pid_t app = home.app("a0").pid;
  ::kill(app, SIGKILL);
  CHECK(wait_until([&] {
    const AppRow row = home.app("a0");
    return row.status == "online" && row.pid != app;
  }));
  CHECK(home.daemon_pid() == daemon);
}

TEST_CASE("what an app's children use is its own") {
  const TestHome home;
  home.start("tree",
             "python3 -c 'x = bytearray(50 << 20); import time; "
             "time.sleep(1000)' & (setsid sleep 1001 &); wait");
  CHECK(wait_until([&] {
    const auto row = json_of(home.must({"list", "--json"}).out)[0];
    return row["processes"] == 3 && row["memory_bytes"] > (50 << 20);
  }));
}

}  // namespace support
