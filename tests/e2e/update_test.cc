// `lodge update`: keeper and daemon become another program while apps write;
// or refuse, or go back, or only capture.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/lines/checker.h"
#include "support/test_home.h"

namespace support {
namespace {

namespace stdfs = std::filesystem;

pid_t keeper_pid(const TestHome& home) {
  const auto found = home.keepers();
  return found.size() == 1 ? found[0].pid : 0;
}

std::string program_of(pid_t pid) {
  std::error_code error;
  return stdfs::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
}

// A lodge of this home's own, as a package manager would put it there.
std::string install(const TestHome& home, const std::string& binary,
                    const std::string& name) {
  const std::string path = home.work().file(name);
  stdfs::copy_file(binary, path + ".new");
  stdfs::rename(path + ".new", path);
  return path;
}

Ran call(const TestHome& home, const std::string& program,
         std::vector<std::string> args, RunOptions options = {}) {
  args.insert(args.begin(), program);
  return run(std::move(args), home.in_home(std::move(options)));
}

bool answers(const TestHome& home) {
  return home.lodge({"ping"}).exit == 0;
}

size_t lines_of(const TestHome& home, const std::string& app) {
  const auto text = home.must({"logs", app, "--raw", "-n", "all"}).out;
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

// What no daemon can come up with, and what it was before.
class Spoiled {
 public:
  explicit Spoiled(const TestHome& home) : list_(home.file("apps.json")) {
    stdfs::rename(list_, list_ + ".aside");
    for (const auto& path : {list_, list_ + ".bak"})
      std::ofstream(path) << "spoiled";
  }
  void mend() const {
    stdfs::rename(list_ + ".aside", list_);
    stdfs::remove(list_ + ".bak");
  }

 private:
  std::string list_;
};

constexpr auto kTicker =
    "i=0; while :; do echo tick $((i=i+1)); sleep 0.02; done";

}  // namespace

TEST_CASE("three updates under load: apps keep their pids and never notice") {
  const TestHome home;
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back("s" + std::to_string(i));
  for (const auto& name : names)
    home.start_source(name, {"--rate", "2000", "--to", "both"});
  const auto before = home.list();
  const pid_t keeper = keeper_pid(home);
  REQUIRE(keeper > 0);
  for (int round = 0; round < 3; ++round) {
    const pid_t daemon = home.daemon_pid();
    const Ran ran = home.must({"update"});
    CHECK(ran.out ==
          fmt::format("[lodge] updated {} -> {}, 5 apps running on\n",
                      LODGE_VERSION, LODGE_VERSION));
    CHECK(keeper_pid(home) == keeper);
    CHECK(home.daemon_pid() != daemon);
    const auto now = home.list();
    REQUIRE(now.size() == before.size());
    for (size_t i = 0; i < now.size(); ++i) {
      CHECK(now[i].pid == before[i].pid);
      CHECK(now[i].restarts == 0);
      CHECK(now[i].status == "online");
    }
  }
  home.must({"stop", "all"});
  LineChecker checker;
  for (const auto& name : names) {
    checker.add_truth(home.work().file(name + ".truth"));
    checker.add_place(file_place(home.log(name + "-out.log")),
                      {.stream = SourceStream::Out});
    checker.add_place(file_place(home.log(name + "-error.log")),
                      {.stream = SourceStream::Error});
  }
  checker.expect_runs(1);
  const Report report = checker.check();
  MESSAGE("after three updates at 20,000 lines/s: ", report.text());
  CHECK(report.count(Breach::Restarted) == 0);
  CHECK(report.count(Breach::WriteFailed) == 0);
  CHECK(report.count(Breach::StampBackwards) == 0);
  CHECK(report.count(Breach::WrongStream) == 0);
}

TEST_CASE("after an update apps are still the keeper's own children") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const AppRow before = home.app("api");
  home.must({"update", "--json"});
  ::kill(before.pid, SIGKILL);
  CHECK(wait_until([&] {
    const AppRow now = home.app("api");
    return now.status == "online" && now.pid != before.pid;
  }));
  const auto exits = home.events("api", "exit");
  REQUIRE(exits.size() == 1);
  CHECK(exits[0].value("signal", 0) == SIGKILL);
  const auto pong = json_of(home.must({"ping", "--json"}).out);
  CHECK_FALSE(pong.at("degraded").get<bool>());
}

TEST_CASE("an update to a lodge that does not come up goes back, by itself") {
  const TestHome home;
  const std::string path = install(home, lodge_binary(), "lodge");
  REQUIRE(call(home, path,
               {"start", kTicker, "--name", "api", "--min-uptime", "50ms"})
              .exit == 0);
  const AppRow before = home.app("api");
  const pid_t keeper = keeper_pid(home);
  // The old program has no name on disk any more.
  install(home, HOPELESS_LODGE, "lodge");
  const Ran ran = call(home, path, {"update"}, {.deadline = 60s});
  CHECK(ran.exit == 1);
  INFO(ran.err);
  CHECK(ran.err.find("did not come up") != std::string::npos);
  CHECK(ran.err.find("goes on") != std::string::npos);
  CHECK(keeper_pid(home) == keeper);
  CHECK(home.app("api").pid == before.pid);
  CHECK(home.app("api").restarts == 0);
  CHECK(home.app("api").status == "online");
  const size_t lines = lines_of(home, "api");
  CHECK(wait_until([&] { return lines_of(home, "api") > lines; }));
  CHECK(home.lodge({"ping"}).err.find("went back") != std::string::npos);
  // The next one is a fresh try.
  home.must({"update"});
  CHECK(program_of(keeper) == stdfs::canonical(lodge_binary()));
  CHECK(home.app("api").pid == before.pid);
  CHECK(home.lodge({"ping"}).err.empty());
}

TEST_CASE("a new keeper that can't go on leaves the old daemon in its place") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const AppRow before = home.app("api");
  const pid_t keeper = keeper_pid(home);
  const pid_t daemon = home.daemon_pid();
  const Ran ran =
      call(home, install(home, HOPELESS_LODGE, "unreadable_lodge"), {"update"});
  CHECK(ran.exit == 1);
  INFO(ran.err);
  CHECK(ran.err.find("goes on") != std::string::npos);
  CHECK(home.daemon_pid() == daemon);
  CHECK(keeper_pid(home) == keeper);
  // All of it works: keeper, daemon and the channel between them.
  home.must({"restart", "api"});
  CHECK(home.app("api").pid != before.pid);
  home.must({"update"});
  CHECK(home.daemon_pid() != daemon);
}

TEST_CASE("a daemon that can't come up gives way to one that only captures") {
  const TestHome home;
  home.start("api", kTicker);
  home.start("job", "exec sleep 1000");
  const AppRow before = home.app("api");
  const AppRow job = home.app("job");
  const Spoiled spoiled(home);
  home.kill_daemon();
  REQUIRE(wait_until([&] { return answers(home); }));
  const auto pong = json_of(home.must({"ping", "--json"}).out);
  CHECK(pong.at("safe").get<bool>());
  CHECK(home.must({"list"}).out.find("safe mode") != std::string::npos);
  CHECK(home.app("api").pid == before.pid);
  // It captures.
  const size_t lines = lines_of(home, "api");
  CHECK(wait_until([&] { return lines_of(home, "api") > lines + 10; }));
  // It starts and stops nothing.
  for (const auto& words : {std::vector<std::string>{"restart", "api"},
                            std::vector<std::string>{"stop", "all"}}) {
    const Ran ran = home.lodge(words);
    CHECK(ran.exit == 1);
    CHECK(ran.err.find("safe mode") != std::string::npos);
  }
  ::kill(job.pid, SIGKILL);
  CHECK(wait_until([&] { return home.app("job").status == "stopped"; }));
  // It is killed as any other, and comes back as it was.
  home.kill_daemon();
  REQUIRE(wait_until([&] { return answers(home); }));
  CHECK(home.app("api").pid == before.pid);
  // Once the cause is gone an update ends it, and what happened is made up for.
  spoiled.mend();
  home.must({"update"});
  CHECK_FALSE(
      json_of(home.must({"ping", "--json"}).out).at("safe").get<bool>());
  CHECK(home.app("api").pid == before.pid);
  CHECK(home.app("api").restarts == 0);
  CHECK(home.reaches("job", "online"));
  CHECK(home.app("job").pid != job.pid);
}

TEST_CASE("a kill in safe mode ends every app and forgets none") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const Spoiled spoiled(home);
  home.kill_daemon();
  REQUIRE(wait_until([&] { return answers(home); }));
  home.must({"kill"});
  CHECK(wait_until([&] { return home.processes().empty(); }));
  spoiled.mend();
  home.must({"start", "api"});
  CHECK(home.reaches("api", "online"));
}

TEST_CASE("an update without a daemon is exit 3, and starts none") {
  const TestHome home;
  CHECK(home.lodge({"update"}).exit == 3);
  CHECK(home.processes().empty());
}

}  // namespace support
