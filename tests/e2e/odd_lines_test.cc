// Lines that no terminal would show, and clocks that no clockmaker would sell:
// the bytes come back identical, in bounded memory; every line is found at the
// time at which it was read.
//
// E2E_ROUNDS=16 makes the longest line 1 GiB. The clock's steps need
// libfaketime.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "support/chaos.h"
#include "support/lines/history.h"
#include "support/sanitized.h"
#include "support/test_home.h"

namespace support {
namespace {

constexpr uint64_t kMostKiB = 32 << 10;

// The most that a process ever had resident.
uint64_t peak_kib(pid_t pid) {
  const std::string status = slurp("/proc/" + std::to_string(pid) + "/status");
  const auto at = status.find("VmHWM:");
  if (at == status.npos) return 0;
  return std::strtoull(status.c_str() + at + 6, nullptr, 10);
}

std::string hash_of(const TestHome& home, const std::string& command) {
  const Ran ran = run({"bash", "-c", command + " | sha256sum"},
                      home.in_home({.deadline = 300s}));
  CHECK(ran.exit == 0);
  return ran.out;
}

// An app that runs `command`: what comes back is what it writes by itself.
void check_identical(const TestHome& home, const std::string& name,
                     const std::string& command) {
  home.must(
      {"start", command, "--name", name, "--no-autorestart", "--no-wait"});
  REQUIRE(wait_until([&] { return home.has_status(name, "stopped"); }, 300s));
  CHECK(hash_of(home, lodge_binary() + " logs " + name + " --raw -n all") ==
        hash_of(home, "(" + command + ")"));
  const uint64_t peak = peak_kib(home.daemon_pid());
  MESSAGE(name, ": the daemon's peak was ", peak, " KiB");
  if (!kSanitized) CHECK(peak <= kMostKiB);
}

// The daemon's clock, moved by writing to a file.
class FalseClock {
 public:
  explicit FalseClock(const TestHome& home) : file_(home.work().file("clock")) {
    for (const auto& dir : {"/usr/lib/x86_64-linux-gnu",
                            "/usr/lib/aarch64-linux-gnu", "/usr/lib"})
      for (const auto& name : {"libfaketimeMT.so.1", "libfaketime.so.1"}) {
        const std::string path = fmt::format("{}/faketime/{}", dir, name);
        if (library_.empty() && std::filesystem::exists(path)) library_ = path;
      }
    set(0);
  }
  // (A sanitizer must come before all other libraries.)
  bool there() const { return !library_.empty() && !kSanitized; }
  RunOptions options() const {
    return {.env = {{"LD_PRELOAD", library_},
                    {"FAKETIME_TIMESTAMP_FILE", file_},
                    {"FAKETIME_NO_CACHE", "1"},
                    {"FAKETIME_DONT_RESET", "1"},
                    {"DONT_FAKE_MONOTONIC", "1"},
                    {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}}};
  }
  // By rename: a reader must not see half a number.
  void set(int64_t seconds) {
    std::ofstream(file_ + ".new") << fmt::format("{:+}\n", seconds);
    std::filesystem::rename(file_ + ".new", file_);
    offset_ = seconds;
  }
  // What the daemon takes for now, as `--since` has it.
  std::string at(int64_t later) const {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return fmt::format("@{}", now.count() + offset_ + later);
  }

 private:
  std::string file_;
  std::string library_;
  int64_t offset_ = 0;
};

}  // namespace

TEST_CASE("a line of 64 MiB and more passes in bounded memory, identical") {
  const TestHome home;
  const uint64_t mebibytes =
      std::min<uint64_t>(64ull * static_cast<uint64_t>(rounds(1)), 1024);
  check_identical(home, "long",
                  fmt::format("head -c {} /dev/zero | tr '\\0' x; echo; "
                              "echo next",
                              mebibytes << 20));
}

TEST_CASE("a million empty lines come back, every one") {
  const TestHome home;
  check_identical(home, "empty", "yes '' | head -n 1000000");
}

TEST_CASE("every byte there is comes back, in lines and between") {
  const TestHome home;
  std::string bytes;
  for (int round = 0; round < 4000; ++round)
    for (int c = 0; c < 256; ++c)
      bytes += static_cast<char>((c * 7 + round) & 0xff);
  const std::string file = home.work().write("bytes", bytes);
  check_identical(home, "bytes", "cat " + file);
  check_identical(home, "halves", "head -c 999999 " + file);
  check_identical(home, "single",
                  "head -c 3000 " + file + " | dd bs=1 status=none");
}

TEST_CASE("characters cut anywhere by writes and kills come back identical") {
  const TestHome home;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "grün €uro 🎉 日本語 \xf0\x9f\n";
  const std::string file = home.work().write("text", text);
  home.work().write("cut.py",
                    "import os, random, time\n"
                    "text = open('" +
                        file +
                        "', 'rb').read()\n"
                        "at = 0\n"
                        "while at < len(text):\n"
                        "    n = random.choice((1, 2, 3, 5, 7, 4096))\n"
                        "    os.write(1, text[at:at+n]); at += n\n"
                        "    if random.random() < 0.02: time.sleep(0.002)\n");
  home.must({"start", "cut.py", "--no-autorestart", "--no-wait"});
  Chaos chaos(home);
  for (int i = 0; i < 4; ++i) {
    chaos.pause(5ms, 100ms);
    chaos.kill_daemon();
  }
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  CHECK(home.reaches("cut", "stopped"));
  CHECK(hash_of(home, lodge_binary() + " logs cut --raw -n all") ==
        hash_of(home, "cat " + file));
}

TEST_CASE(
    "the clock steps back and forth: stamps never fall within a file, "
    "every line is found at its time") {
  const TestHome home;
  FalseClock clock(home);
  if (!clock.there()) {
    MESSAGE("SKIPPED: no libfaketime here");
    return;
  }
  Chaos chaos(home);
  chaos.begin(clock.options());
  chaos.start("s", {"--rate", "2000", "--writes", "line"});
  const auto raw = [&](const std::string& since, const std::string& until) {
    return home
        .must({"logs", "s", "--raw", "-n", "all", "--since", since, "--until",
               until})
        .out;
  };
  struct Phase {
    int64_t seconds;
    uint64_t first, last;  // lines that were surely read in it
    std::string since, until;
  };
  std::vector<Phase> phases;
  // A second back is absorbed; an hour back and a year forth and back are not.
  for (const int64_t seconds : {0L, -1L, -3600L, 365 * 86400L, 0L}) {
    clock.set(seconds);
    Phase phase{seconds, 0, 0, clock.at(-5), {}};
    CHECK(chaos.goes_on("s", 3000));  // what was on its way is read
    phase.first = chaos.handed("s");
    CHECK(chaos.goes_on("s", 1000));
    phase.last = chaos.handed("s");
    CHECK(chaos.goes_on("s", 3000));
    phase.until = clock.at(5);
    phases.push_back(phase);
  }
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
  // Sealed at the hour back and at the year back.
  CHECK(history_of(home.file("logs"), "s", SourceStream::Out).size() >= 3);
  for (const auto& phase : phases) {
    CAPTURE(phase.seconds);
    const std::string found = raw(phase.since, phase.until);
    uint64_t missing = 0;
    for (uint64_t seq = phase.first + 1; seq <= phase.last; ++seq)
      if (found.find(fmt::format("L s.1.out {} ", seq)) == found.npos)
        ++missing;
    CHECK(missing == 0);
  }
  const std::string all = home.must({"logs", "s", "--raw", "-n", "all"}).out;
  CHECK(static_cast<uint64_t>(std::count(all.begin(), all.end(), '\n')) ==
        report.lines);
}

}  // namespace support
