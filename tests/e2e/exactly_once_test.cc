// Every line an app handed to the kernel is in its log once, whole, in order,
// whoever is killed at whatever instruction. Random kills, judged by truths
// that survive them; fault/ has kills at chosen calls.
//
// Small by default. E2E_ROUNDS=N is what each trial then counts (kills,
// crashes, rounds): 1000 takes hours and some 100 GB through the page cache, of
// which no more than 1 GB lies in $TMPDIR at a time. E2E_SEED repeats the times
// of a run that failed.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include "support/chaos.h"
#include "support/lines/history.h"
#include "support/test_home.h"

namespace support {
namespace {

// A keeper waits longer and longer before it starts a daemon whose forerunners
// all died young, so a home sees a few kills only and the next takes over.
constexpr int kKillsOfHome = 6;

void check_clean(const Chaos& chaos, const Report& report,
                 uint64_t least_lines) {
  INFO(chaos.words());
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines >= least_lines);
}

struct Source {
  std::string name;
  std::vector<std::string> flags;
};

// The trial: these sources in a new home, daemons killed 5 to 200 ms after they
// came, until `kills` are done; again in the next.
void survive_kills(int kills, const std::vector<Source>& sources) {
  while (kills > 0) {
    const TestHome home;
    Chaos chaos(home);
    for (const auto& [name, flags] : sources) chaos.start(name, flags);
    for (int i = 0; i < kKillsOfHome && kills > 0; ++i, --kills) {
      chaos.pause(5ms, 200ms);
      chaos.kill_daemon();
      // Once finished sources are no trial any more, but that of their end is.
      if (i > 0 && chaos.all_finished()) break;
    }
    for (const auto& [name, flags] : sources) CHECK(chaos.goes_on(name));
    check_clean(chaos, chaos.stop_and_check(), 1000);
  }
}

// Of the operations that a daemon asks failpoints about, are there the
// journal's?
bool has_journal() {
  const TestHome home;
  const std::string trace = home.work().file("trace");
  Chaos chaos(home);
  chaos.begin({.env = {{"LODGE_FAILPOINTS", "trace=" + trace}}});
  chaos.start("probe", {"--lines", "10"}, {"--no-autorestart", "--no-wait"});
  CHECK(home.reaches("probe", "stopped"));
  return slurp(trace).find("journal ") != std::string::npos;
}

}  // namespace

TEST_CASE("kill -9 of the daemon while an app writes at full speed") {
  survive_kills(
      rounds(8),
      {{"full",
        {"--lines", "2000000", "--pad", "20-300", "--then", "linger"}}});
}

TEST_CASE("kill -9 of the daemon while an app writes 100,000 lines a second") {
  survive_kills(
      rounds(6),
      {{"fast", {"--rate", "100000", "--pad", "20-120", "--to", "both"}}});
}

TEST_CASE("kill -9 of the daemon while four apps write line by line") {
  std::vector<Source> sources;
  for (int i = 0; i < 4; ++i)
    sources.push_back({fmt::format("line{}", i),
                       {"--writes", "line", "--lines", "1000000", "--then",
                        "linger", "--pad", "0-200"}});
  survive_kills(rounds(6), sources);
}

TEST_CASE("kill -9 of the daemon while lines come in fragments") {
  survive_kills(rounds(6),
                {{"cut",
                  {"--writes", "fragments", "--to", "both", "--pad", "0-20000",
                   "--lines", "100000", "--then", "linger"}}});
}

TEST_CASE("the daemon dies by itself at random steps of its journal") {
  REQUIRE(has_journal());
  const int wanted = rounds(8);
  size_t crashes = 0;
  for (int round = 0; round < 40 * wanted; ++round) {
    if (crashes >= static_cast<size_t>(wanted)) break;
    const TestHome home;
    Chaos chaos(home);
    const int one_in[] = {30, 100, 500, 2000};
    const std::string rule =
        fmt::format("journal=kill@1/{}", one_in[round % 4]);
    CAPTURE(rule);
    chaos.begin({.env = {{"LODGE_FAILPOINTS", rule}}});
    const std::string ways[] = {"batch", "line", "fragments"};
    // Started while there is nothing to die of: this is not about `start`.
    const std::string go = home.work().file("go");
    chaos.start("full", {"--lines", "300000", "--pad", "0-300", "--to", "both",
                         "--writes", ways[round % 3], "--then", "linger",
                         "--after", go});
    home.work().write("go", "");
    // Not for ever, where each daemon dies of the recovery from the last.
    CHECK(wait_until(
        [&] { return chaos.all_finished() || chaos.crashes() >= kKillsOfHome; },
        60s));
    // A daemon that dies in the midst of a `start` ends what is not in its list
    // yet, and the start is asked for again: two runs.
    check_clean(chaos, chaos.stop_and_check({.runs = 0}), 1000);
    crashes += chaos.crashes();
    // `kill` may need a daemon for longer than it lives.
    if (!home.keepers().empty()) home.kill_daemon_and_keeper();
    wait_until([&] {
      for (const auto& left : home.processes()) ::kill(left.pid, SIGKILL);
      return home.processes().empty();
    });
  }
  MESSAGE(crashes, " crashes");
  CHECK(crashes >= static_cast<size_t>(wanted));
}

TEST_CASE("live upgrades and kills, in any order") {
  for (int left = rounds(2); left > 0; --left) {
    const TestHome home;
    Chaos chaos(home);
    chaos.start("fast", {"--rate", "100000", "--pad", "20-120"});
    chaos.start("cut", {"--rate", "20000", "--writes", "fragments"});
    for (int i = 0; i < kKillsOfHome; ++i) {
      Child update = home.background({"update"});
      chaos.pause(0ms, 300ms);
      if (chaos.random_below(2) == 0) chaos.kill_daemon();
      // Under a kill it may fail; it may not hang.
      CHECK(update.wait(60s).in_time);
    }
    CHECK(chaos.insist({"update"}));
    CHECK(chaos.goes_on("fast"));
    CHECK(chaos.goes_on("cut"));
    check_clean(chaos, chaos.stop_and_check(), 1000);
  }
}

TEST_CASE("two hundred writers are all captured again after each kill") {
  const TestHome home;
  Chaos chaos(home);
  constexpr int kWriters = 200;
  chaos.start("many", {"--rate", "50", "--writes", "line"},
              {"-i", std::to_string(kWriters)});
  const auto grown = [&](const std::vector<size_t>& before) {
    for (int i = 0; i < kWriters; ++i) {
      const auto path =
          history_of(home.file("logs"), "many", SourceStream::Out, i).back();
      if (slurp(path).size() <= before[static_cast<size_t>(i)]) return false;
    }
    return true;
  };
  for (int left = rounds(3); left > 0; --left) {
    chaos.pause(5ms, 200ms);
    chaos.kill_daemon();
    std::vector<size_t> sizes;
    for (int i = 0; i < kWriters; ++i)
      sizes.push_back(
          slurp(history_of(home.file("logs"), "many", SourceStream::Out, i)
                    .back())
              .size());
    CHECK(wait_until([&] { return grown(sizes); }, 30s));
  }
  check_clean(
      chaos,
      chaos.stop_and_check({.instances = kWriters, .runs = uint64_t{kWriters}}),
      kWriters);
}

TEST_CASE("keeper and daemon killed at once: what was in the pipes is there") {
  for (int left = rounds(3); left > 0; --left) {
    const TestHome home;
    Chaos chaos(home);
    chaos.start("full", {"--lines", "1000000", "--pad", "20-120", "--to",
                         "both", "--then", "linger"});
    chaos.start("slow", {"--rate", "2000", "--writes", "line"});
    const auto full = home.app("full").pid;
    const auto slow = home.app("slow").pid;
    for (int i = 0; i < 3; ++i) {
      chaos.pause(5ms, 200ms);
      home.kill_daemon_and_keeper();
      chaos.pause(0ms, 100ms);  // lines go on into the pipes
      // It starts none, and does not hang on what is dead.
      const int listed = home.lodge({"list"}).exit;
      CHECK((listed == 0 || listed == 3));
      home.start(fmt::format("reviver{}", i), "exec sleep 1000");
      CHECK(home.app("full").pid == full);
      CHECK(home.app("slow").pid == slow);
      CHECK(chaos.goes_on("slow", 200));
    }
    check_clean(chaos, chaos.stop_and_check(), 1000);
  }
}

TEST_CASE("an old life's grandchild and the new life share a file, unmixed") {
  for (int left = rounds(2); left > 0; --left) {
    const TestHome home;
    Chaos chaos(home);
    const auto source = [&](const std::string& name) {
      return fmt::format(
          "{} --truth {} --name {} --writes fragments --pad 0-3000 --rate 3000",
          line_source_binary(), home.work().file(name + ".truth"), name);
    };
    // The first life leaves a writer behind and ends; the next writes itself.
    const std::string mark = home.work().file("mark");
    home.work().write(
        "both.sh", fmt::format("[ -e {0} ] && exec {1}\n"
                               "touch {0}\nsetsid {2} &\nsleep 0.2\nexit 1\n",
                               mark, source("both"), source("grand")));
    home.must({"start", "both.sh", "--name", "both", "--no-wait"});
    chaos.watch("grand");
    chaos.watch("both");
    CHECK(chaos.goes_on("grand"));
    CHECK(chaos.goes_on("both"));
    for (int i = 0; i < 3; ++i) {
      chaos.pause(5ms, 200ms);
      chaos.kill_daemon();
    }
    CHECK(chaos.goes_on("both"));
    CHECK(chaos.insist({"stop", "all"}));
    // A grandchild that left may outlive the stop.
    for (const auto& writer : home.processes())
      if (!writer.argv.empty() && writer.argv[0] == line_source_binary())
        ::kill(writer.pid, SIGKILL);
    CHECK(wait_until([&] { return home.processes().size() <= 2; }));
    // Its pipe's end is read when the daemon ends, at the latest.
    CHECK(chaos.insist({"kill"}));
    LineChecker checker;
    checker.add_truth(home.work().file("grand.truth"));
    checker.add_truth(home.work().file("both.truth"));
    checker.expect_runs(1);
    for (const auto& path :
         history_of(home.file("logs"), "both", SourceStream::Out))
      checker.add_place(file_place(path), {.stream = SourceStream::Out});
    check_clean(chaos, checker.check(), 2000);
  }
}

TEST_CASE(
    "instances that share a file through merge_logs, killed and reloaded") {
  for (int left = rounds(2); left > 0; --left) {
    const TestHome home;
    Chaos chaos(home);
    chaos.start("merged",
                {"--writes", "fragments", "--pad", "0-3000", "--rate", "3000"},
                {"-i", "3", "--merge-logs"});
    for (int i = 0; i < 4; ++i) {
      chaos.pause(5ms, 200ms);
      chaos.kill_daemon();
      if (i == 1) CHECK(chaos.insist({"restart", "merged/1"}));
    }
    CHECK(chaos.goes_on("merged"));
    check_clean(
        chaos,
        chaos.stop_and_check({.merged = true, .instances = 3, .runs = 0}),
        1000);
  }
}

TEST_CASE("a flush takes what was there, whoever is killed, and no line more") {
  for (int left = rounds(2); left > 0; --left) {
    const TestHome home;
    Chaos chaos(home);
    chaos.start("fast", {"--rate", "100000", "--pad", "20-120"});
    chaos.start("cut", {"--rate", "20000", "--writes", "fragments"});
    for (int i = 0; i < kKillsOfHome; ++i) {
      chaos.pause(5ms, 100ms);
      Child flush = home.background({"flush", "fast", "cut"});
      chaos.pause(0ms, 20ms);
      chaos.kill_daemon();
      CHECK(flush.wait(60s).in_time);
    }
    CHECK(chaos.goes_on("fast"));
    CHECK(chaos.goes_on("cut"));
    check_clean(chaos, chaos.stop_and_check({.heads_may_be_gone = true}), 1000);
  }
}

TEST_CASE("files sealed by size while the daemon is killed: one line in one") {
  for (int left = rounds(2); left > 0; --left) {
    const TestHome home;
    Chaos chaos(home);
    const std::vector<std::string> small = {"--set", "log.max_size=1MiB"};
    chaos.start("full",
                {"--lines", "300000", "--pad", "20-300", "--then", "linger"},
                small);
    chaos.start(
        "cut",
        {"--lines", "100000", "--writes", "fragments", "--then", "linger"},
        small);
    for (int i = 0; i < kKillsOfHome; ++i) {
      chaos.pause(5ms, 200ms);
      chaos.kill_daemon();
    }
    CHECK(wait_until([&] { return chaos.all_finished(); }, 60s));
    check_clean(chaos, chaos.stop_and_check(), 400'000);
    CHECK(history_of(home.file("logs"), "full", SourceStream::Out).size() > 10);
  }
}

}  // namespace support
