// What an app writes is what the log holds.

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "support/lines/checker.h"
#include "support/test_home.h"

namespace support {
namespace {

std::string raw(const TestHome& home, const std::string& app,
                const std::string& stream = "--out") {
  return home.must({"logs", app, "--raw", stream, "-n", "all"}).out;
}

std::string random_bytes(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// Has an app write `bytes` and end; what comes back of it.
std::string through(const TestHome& home, const std::string& name,
                    const std::string& bytes) {
  const std::string file = home.work().write(name + ".bytes", bytes);
  home.must({"start", "cat " + file, "--name", name, "--no-autorestart"});
  CHECK(home.reaches(name, "stopped"));
  return raw(home, name);
}

// Not CHECK(a == b): a mebibyte of bytes is no message.
bool same(const std::string& got, const std::string& expected) {
  if (got == expected) return true;
  size_t at = 0;
  while (at < got.size() && at < expected.size() && got[at] == expected[at])
    ++at;
  MESSAGE("differs at byte ", at, ": ", got.size(), " bytes, expected ",
          expected.size());
  return false;
}

}  // namespace

TEST_CASE("a million numbered lines, then exit: all there, in order") {
  const char* rounds_wanted = std::getenv("E2E_ROUNDS");
  const int rounds = rounds_wanted != nullptr ? std::atoi(rounds_wanted) : 3;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    const TestHome home;
    // Each way of writing in turn, pipes full and nearly empty.
    const std::vector<std::string> ways = {"batch", "fragments", "batch"};
    const std::string way = ways[static_cast<size_t>(round) % ways.size()];
    const std::string truth = home.start_source(
        "million", {"--lines", "1000000", "--pad", "5-20", "--writes", way},
        {"--no-autorestart"});
    REQUIRE(
        wait_until([&] { return home.has_status("million", "stopped"); }, 60s));
    // No waiting here: an exit that is shown has its lines on disk.
    LineChecker checker;
    checker.add_truth(truth);
    checker.expect_runs(1);
    checker.add_place(file_place(home.log("million-out.log")),
                      {.stream = SourceStream::Out});
    const Report report = checker.check();
    INFO(report.text());
    CHECK(report.clean());
    CHECK(report.lines == 1'000'000);
  }
}

TEST_CASE("both streams at full speed keep to their files, whole, in order") {
  const TestHome home;
  const std::string truth =
      home.start_source("both",
                        {"--lines", "100000", "--to", "both", "--writes",
                         "fragments", "--pad", "0-300"},
                        {"--no-autorestart"});
  REQUIRE(wait_until([&] { return home.has_status("both", "stopped"); }, 60s));
  LineChecker checker;
  checker.add_truth(truth);
  checker.add_place(file_place(home.log("both-out.log")),
                    {.stream = SourceStream::Out});
  checker.add_place(file_place(home.log("both-error.log")),
                    {.stream = SourceStream::Error});
  const Report report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 200'000);
}

TEST_CASE("logs prints the lines of the files, raw, all and in order") {
  const TestHome home;
  const std::string truth = home.start_source(
      "s", {"--lines", "50000", "--pad", "0-100"}, {"--no-autorestart"});
  REQUIRE(home.reaches("s", "stopped"));
  LineChecker checker;
  checker.add_truth(truth);
  checker.add_place(text_place("logs --raw", raw(home, "s")),
                    {.stamped = false});
  const Report report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 50'000);
}

TEST_CASE("a random mebibyte comes back identical") {
  const TestHome home;
  for (const uint32_t seed : {1u, 2u, 3u}) {
    const std::string bytes = random_bytes(1 << 20, seed);
    CHECK(same(through(home, "r" + std::to_string(seed), bytes), bytes));
  }
}

TEST_CASE("bytes that look like ours, and none at all, come back identical") {
  const TestHome home;
  struct Row {
    std::string name, bytes;
  };
  for (const auto& [name, bytes] :
       {Row{"nothing", ""}, Row{"newline", "\n"}, Row{"blank", "\n\n\n"},
        Row{"open", "no newline"}, Row{"nul", std::string("a\0b\n\0", 5)},
        Row{"cr", "a\rb\r\nc"}, Row{"latin", "caf\xe9\n\xff\xfe"},
        Row{"stamp",
            "2026-11-21T10:15:02.123456Z fake\n"
            "2026-11-21T10:15:02.123456Z"},
        Row{"long", std::string(3'000'000, 'x') + "\nnext\n"},
        Row{"longopen", std::string(200'000, 'y')}}) {
    CAPTURE(name);
    CHECK(same(through(home, name, bytes), bytes));
  }
}

TEST_CASE("text cut in mid-character by its writes comes back identical") {
  const TestHome home;
  home.work().write("cut.py",
                    "import os, time\n"
                    "text = ('grün €uro 🎉 日本語\\n' * 200).encode()\n"
                    "for i in range(0, len(text), 7):\n"
                    "    os.write(1, text[i:i+7])\n"
                    "    if i % 700 == 0: time.sleep(0.002)\n"
                    "os.write(1, '€'.encode()[:2])\n");
  home.must({"start", "cut.py", "--no-autorestart"});
  CHECK(home.reaches("cut", "stopped"));
  std::string expected;
  for (int i = 0; i < 200; ++i) expected += "grün €uro 🎉 日本語\n";
  expected += "\xe2\x82";
  CHECK(same(raw(home, "cut"), expected));
}

TEST_CASE("a prompt without newline is on disk at once") {
  const TestHome home;
  home.start("ask", "printf 'password: '; exec sleep 1000");
  CHECK(wait_until([&] {
    return slurp(home.log("ask-out.log")).ends_with("Z password: ");
  }));
}

TEST_CASE("what a grandchild still holds is read after the exit, too") {
  const TestHome home;
  home.must({"start", "(sleep 0.3; echo late) & echo early", "--name", "g",
             "--no-autorestart", "--no-wait"});
  CHECK(wait_until([&] {
    const std::string text = raw(home, "g");
    return text.starts_with("early\n");
  }));
}

TEST_CASE("stderr and stdout print in the order in which they were read") {
  const TestHome home;
  home.start("order",
             "for i in 1 2 3 4 5; do echo out$i; sleep 0.05; echo err$i >&2;"
             " sleep 0.05; done; exec sleep 1000");
  const std::string expected =
      "out1\nerr1\nout2\nerr2\nout3\nerr3\nout4\nerr4\nout5\nerr5\n";
  CHECK(wait_until([&] {
    return home.must({"logs", "order", "--raw", "-n", "all"}).out == expected;
  }));
  CHECK(home.must({"logs", "order", "--err", "--raw"}).out ==
        "err1\nerr2\nerr3\nerr4\nerr5\n");
}

}  // namespace support
