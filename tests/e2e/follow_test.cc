// `logs -f`: nothing missing, nothing twice, whatever happens to the files.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/fs.h"
#include "store/epoch.h"
#include "support/chaos.h"
#include "support/lines/checker.h"
#include "support/test_home.h"

namespace support {
namespace {

uint64_t finished_runs(const std::string& truth) {
  const auto map = TruthMap::open(truth);
  if (!map) return 0;
  uint64_t count = 0;
  for (uint64_t i = 0; i < (*map)->runs; ++i) count += (*map)->run[i].finished;
  return count;
}

// What `logs -f` printed, held to the sources' truth.
Report check_followed(const std::string& text,
                      const std::vector<std::string>& truths) {
  LineChecker checker;
  for (const auto& truth : truths) checker.add_truth(truth);
  checker.add_place(text_place("logs -f", text), {.stamped = false});
  return checker.check();
}

// Another as soon as somebody waits for the followers.
std::optional<ino_t> epoch_of(const TestHome& home) {
  const auto at = base::fs::stat(home.log(std::string(store::kEpochName)));
  if (!at) return std::nullopt;
  return at->st_ino;
}

// A follower that has begun: it has printed the line that it was sent.
Child follow(const TestHome& home, std::vector<std::string> args) {
  args.insert(args.begin(), {"logs", "-f", "--raw"});
  return home.background(std::move(args));
}

}  // namespace

TEST_CASE("following two apps through restart and flush misses no line") {
  const TestHome home;
  // Each run writes 20,000 lines in about two seconds, then stays.
  const std::vector<std::string> flags = {
      "--lines", "20000",  "--rate", "10000", "--pad",
      "10-80",   "--then", "linger", "--to",  "both"};
  // From its first line: the follower starts before the apps write.
  home.start("marker", "exec sleep 1000");
  Child follower = follow(home, {"all", "-n", "all"});
  const std::string a = home.start_source("a", flags);
  const std::string b = home.start_source("b", flags);
  for (int round = 0; round < 3; ++round) {
    home.must({"flush"});
    home.must({"restart", round % 2 == 0 ? "a" : "b", "--no-wait"});
    home.must({"flush", "b"});
  }
  REQUIRE(wait_until(
      [&] { return finished_runs(a) >= 1 && finished_runs(b) >= 1; }, 30s));
  Report report;
  wait_until(
      [&] {
        report = check_followed(follower.out(), {a, b});
        return report.clean();
      },
      10s);
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines > 20'000);
  follower.signal(SIGINT);
  const Ran ran = follower.wait();
  INFO("stderr: ", ran.err);
  CHECK(ran.in_time);
}

// E2E_ROUNDS=200 is 200 rotations, 20 restarts and 5 flushes.
TEST_CASE("a follower sees each line once, whatever becomes of the files") {
  const TestHome home;
  home.start("marker", "exec sleep 1000");
  Child follower = follow(home, {"all", "-n", "all"});
  const int count = rounds(12);
  // As long as the files are turned over below, and a little longer.
  const std::string lines = std::to_string(20'000 + count * 1000);
  const std::string truth =
      home.start_source("s", {"--lines", lines, "--rate", "100000", "--pad",
                              "10-80", "--then", "linger", "--to", "both"});
  for (int i = 1; i <= count; ++i) {
    home.must({"rotate", "s"});
    if (i % 10 == 0) home.must({"restart", "s", "--no-wait"});
    if (i % 40 == 6) home.must({"flush", "s"});
  }
  REQUIRE(wait_until(
      [&] {
        const auto map = TruthMap::open(truth);
        return map && finished_runs(truth) >= 1;
      },
      60s));
  Report report;
  wait_until(
      [&] {
        report = check_followed(follower.out(), {truth});
        return report.clean();
      },
      20s);
  INFO(report.text());
  CHECK(report.clean());
  follower.signal(SIGINT);
  CHECK(follower.wait().in_time);
}

TEST_CASE("a flush waits for a follower that has not come so far") {
  const TestHome home;
  home.start("marker", "exec sleep 1000");
  Child follower = follow(home, {"all", "-n", "all"});
  const std::string truth =
      home.start_source("s", {"--lines", "60000", "--rate", "20000", "--pad",
                              "10-80", "--then", "linger", "--to", "both"});
  REQUIRE(wait_until([&] { return follower.out().size() > 10'000; }));
  std::vector<std::string> args = {"flush", "s"};
  SUBCASE("that takes live files") {}
  SUBCASE("that takes segments, too") {
    args.insert(args.end(), {"--archives", "--yes"});
  }
  for (int i = 0; i < 4; ++i) {
    follower.signal(SIGSTOP);
    home.must({"rotate", "s"});
    home.must({"rotate", "s"});
    const auto epoch = epoch_of(home);
    Child flush = home.background(args);
    wait_until([&] { return epoch_of(home) != epoch; }, 2s);
    follower.signal(SIGCONT);
    CHECK(flush.wait().exit == 0);
  }
  REQUIRE(wait_until([&] { return finished_runs(truth) >= 1; }, 30s));
  Report report;
  wait_until([&] {
    report = check_followed(follower.out(), {truth});
    return report.clean();
  });
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE("a flush does not wait long for a follower that is stopped") {
  const TestHome home;
  home.start("app", "echo one; exec sleep 1000");
  Child follower = follow(home, {"app"});
  REQUIRE(wait_until([&] { return !follower.out().empty(); }));
  follower.signal(SIGSTOP);
  CHECK(home.background({"flush", "app"}).wait(20s).in_time);
  CHECK(slurp(home.log("app-out.log")).empty());
  follower.signal(SIGCONT);
}

TEST_CASE("following lives through the daemon's death") {
  const TestHome home;
  const std::string truth =
      home.start_source("s", {"--lines", "2000", "--rate", "1000", "--writes",
                              "line", "--then", "linger"});
  Child follower = follow(home, {"s", "-n", "all"});
  home.kill_daemon();
  REQUIRE(wait_until([&] { return finished_runs(truth) == 1; }, 20s));
  Report report;
  wait_until([&] {
    report = check_followed(follower.out(), {truth});
    return report.lines >= 1990;
  });
  INFO(report.text());
  CHECK(report.lines >= 1990);
  CHECK(report.count(Breach::OutOfOrder) == 0);
  CHECK(report.count(Breach::Doubled) <= 10);
}

TEST_CASE("an app that appears later is followed, too") {
  const TestHome home;
  home.start("first", "exec sleep 1000");
  Child follower = follow(home, {"all"});
  home.start("second", "echo hello from second; exec sleep 1000");
  CHECK(wait_until([&] {
    return follower.out().find("hello from second\n") != std::string::npos;
  }));
}

TEST_CASE("-n 0 shows what comes, not what was") {
  const TestHome home;
  home.start("app",
             "echo old; i=0; while sleep 0.05; do i=$((i+1)); echo new $i;"
             " done");
  CHECK(wait_until([&] {
    return home.must({"logs", "app", "--raw"}).out.starts_with("old\n");
  }));
  Child follower = follow(home, {"app", "-n", "0"});
  // Not before it has found the end.
  CHECK(wait_until([&] { return !follower.out().empty(); }));
  home.must({"restart", "app"});
  CHECK(wait_until(
      [&] { return follower.out().find("old\n") != std::string::npos; }));
  CHECK(follower.out().find("old\n") == follower.out().rfind("old\n"));
}

TEST_CASE("a follower whose reader went ends, quietly") {
  const TestHome home;
  home.start_source("s", {"--rate", "1000"});
  const Ran ran = run({"bash", "-c",
                       lodge_binary() + " logs -f s | head -3 >/dev/null;"
                                        " echo ${PIPESTATUS[0]}"},
                      home.in_home());
  CHECK(ran.err.empty());
  const bool quiet = ran.out == "0\n" || ran.out == "141\n";
  CHECK(quiet);
}

TEST_CASE("Ctrl-C ends a follower at once") {
  const TestHome home;
  home.start("app", "echo up; exec sleep 1000");
  Child follower = follow(home, {"app"});
  CHECK(wait_until([&] { return !follower.out().empty(); }));
  follower.signal(SIGINT);
  const Ran ran = follower.wait(5s);
  CHECK(ran.in_time);
  const bool sensible =
      ran.exit == 0 || ran.exit == 130 || ran.signal == SIGINT;
  CHECK(sensible);
}

TEST_CASE("--cursor-file is that of what was printed, however one leaves") {
  const TestHome home;
  // Lines and the writing of places are on their way all the time.
  home.start("app",
             "i=0; while :; do i=$((i+1)); echo $i;"
             " [ $((i % 20)) -ne 0 ] || sleep 0.005; done");
  const std::string file = home.work().file("cursor");
  std::string seen;
  for (int run = 0; run < 20; ++run) {
    Child follower = follow(home, {"app", "-n", "all", "--cursor-file", file});
    CHECK(wait_until([&] { return follower.out().size() > 200; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(run % 7));
    follower.signal(run % 2 == 0 ? SIGINT : SIGTERM);
    const Ran ran = follower.wait(5s);
    CHECK(ran.in_time);
    CHECK(ran.exit == 0);
    seen += ran.out;
  }
  std::istringstream text(seen);
  uint64_t next = 0, number = 0;
  while (text >> number) REQUIRE(number == ++next);
  CHECK(next > 500);
}

TEST_CASE("a range that ends ends a follower") {
  const TestHome home;
  home.start("app", "while :; do echo line; sleep 0.02; done");
  Child follower = follow(home, {"app", "--until", "now"});
  CHECK(follower.wait(5s).in_time);
  const auto until =
      base::format_stamp({base::SystemClock().now().us + 700'000});
  const Ran ran = follow(home, {"app", "-n", "0", "--until", until}).wait(10s);
  CHECK(ran.in_time);
  CHECK(ran.exit == 0);
  CHECK(ran.out.starts_with("line\n"));
}

TEST_CASE("a file removed or moved from outside is written anew and followed") {
  const TestHome home;
  home.start_source("s", {"--rate", "200", "--writes", "line"});
  Child follower = follow(home, {"s"});
  CHECK(wait_until([&] { return follower.out().size() > 500; }));
  run({"mv", home.log("s-out.log"), home.work().file("moved.log")});
  CHECK(wait_until([&] { return slurp(home.log("s-out.log")).size() > 500; }));
  const size_t now = follower.out().size();
  CHECK(wait_until([&] { return follower.out().size() > now + 2000; }));
}

TEST_CASE("--json follows with a line an object") {
  const TestHome home;
  home.start("app", "echo one; echo two >&2; exec sleep 1000");
  Child follower = home.background({"logs", "-f", "--json", "app"});
  CHECK(wait_until([&] {
    return follower.out().find("\"two\"") != std::string::npos &&
           follower.out().find("\"one\"") != std::string::npos;
  }));
  for (const auto& line : json_lines(follower.out())) {
    if (line.contains("event")) continue;  // an event among the lines
    CHECK(line.at("app") == "app");
    const bool known =
        line.at("stream") == "out" || line.at("stream") == "error";
    CHECK(known);
    CHECK(line.contains("time"));
    CHECK(line.contains("pid"));
    CHECK(line.contains("generation"));
  }
}

TEST_CASE("an instance that comes later is followed in its last life, too") {
  const TestHome home;
  home.start("api", "echo I am $NODE_APP_INSTANCE; exec sleep 1000");
  std::vector<std::string> args = {"logs", "-f", "api"};
  SUBCASE("since the restart") {
    args.emplace_back("--since-restart");
  }
  SUBCASE("the last by number") {
    args.insert(args.end(), {"--generation", "-1"});
  }
  Child follower = home.background(args);
  const auto has = [&](std::string_view text) {
    return follower.out().find(text) != std::string::npos;
  };
  REQUIRE(wait_until([&] { return has("I am 0"); }));
  home.must({"scale", "api", "2"});
  CHECK(wait_until([&] { return has("I am 1"); }));
}

TEST_CASE("a chosen life is followed alone: no other instance, no event") {
  const TestHome home;
  home.start("api", "echo I am $NODE_APP_INSTANCE; exec sleep 1000",
             {"-i", "2"});
  (void)home.lodge(
      {"start", "echo I am down; exit 3", "--name", "web", "--no-autorestart"});
  const auto pid = json_lines(home.must({"pid", "api/0", "--json"}).out);
  REQUIRE(pid.size() == 1);
  run({"kill", "-9", std::to_string(pid[0].at("pid").get<int>())});
  REQUIRE(wait_until([&] { return home.events("api", "start").size() == 3; }));
  std::vector<std::string> args = {"logs", "-f", "--no-events"};
  size_t lines = 0;
  SUBCASE("the one that crashed") {
    args.insert(args.end(), {"--last-crash", "api", "web"});
    lines = 2;
  }
  SUBCASE("the one since the restart") {
    args.insert(args.end(), {"--since-restart", "all"});
    lines = 3;
  }
  Child follower = home.background(args);
  const auto count = [&] { return std::ranges::count(follower.out(), '\n'); };
  REQUIRE(wait_until([&] { return count() >= static_cast<long>(lines); }));
  // What it left behind may still write.
  const auto now = base::format_stamp(base::SystemClock().now());
  auto file = base::fs::open(home.log("web-out.log"), O_WRONLY | O_APPEND);
  REQUIRE(file);
  REQUIRE(base::fs::write_all(file->get(), now + " late\n", "web-out.log"));
  REQUIRE(wait_until(
      [&] { return follower.out().find("late\n") != std::string::npos; }));
  INFO(follower.out());
  CHECK(count() == static_cast<long>(lines) + 1);
  CHECK((follower.out().find("I am 1") == std::string::npos) == (lines == 2));
}

}  // namespace support
