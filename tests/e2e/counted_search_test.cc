// What `-n`, `-m`, context and `--records` leave of what a search finds, where
// many lines share a stamp: an app wrote them at once.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

// A home whose app `a` wrote that text in one piece, and ended.
class Written {
 public:
  explicit Written(std::string_view text) {
    home.work().write("text", text);
    home.must({"start", "cat " + home.work().file("text"), "--name", "a",
               "--no-wait", "--no-autorestart"});
    REQUIRE(wait_until([&] { return home.has_status("a", "stopped"); }));
    REQUIRE(wait_until([&] { return shown({"logs", "-n", "all"}) == text; }));
  }
  std::string shown(std::vector<std::string> args) const {
    args.insert(args.end(), {"a", "--raw"});
    return home.lodge(std::move(args)).out;
  }
  Ran ran(std::vector<std::string> args) const {
    return home.lodge(std::move(args));
  }
  TestHome home;
};

constexpr std::string_view kTraces =
    "ERROR first\n"
    "    at one (a.js:1)\n"
    "INFO between\n"
    "ERROR second\n"
    "    at two (a.js:2)\n"
    "    at three (a.js:3)\n"
    "ERROR without a trace\n"
    "INFO last\n";
constexpr std::string_view kFirst = "ERROR first\n    at one (a.js:1)\n";
constexpr std::string_view kSecond =
    "ERROR second\n    at two (a.js:2)\n    at three (a.js:3)\n";

}  // namespace

TEST_CASE("the last matches of a batch are as many with context as without") {
  const Written a("ERROR 1\nERROR 2\nERROR 3\nERROR 4\nERROR 5\n");
  CHECK(a.shown({"logs", "-n", "1", "-g", "ERROR"}) == "ERROR 5\n");
  CHECK(a.shown({"logs", "-n", "1", "-g", "ERROR", "-C", "0"}) == "ERROR 5\n");
  CHECK(a.shown({"logs", "-n", "1", "-g", "ERROR", "-A", "1"}) == "ERROR 5\n");
  CHECK(a.shown({"logs", "-n", "2", "-g", "ERROR", "-A", "1"}) ==
        "ERROR 4\nERROR 5\n");
  // What is left out may be context.
  CHECK(a.shown({"logs", "-n", "1", "-g", "ERROR", "-B", "1"}) ==
        "ERROR 4\nERROR 5\n");
  CHECK(a.shown({"logs", "-n", "9", "-g", "ERROR", "-C", "0"}) ==
        "ERROR 1\nERROR 2\nERROR 3\nERROR 4\nERROR 5\n");
  CHECK(a.shown({"logs", "-n", "1", "-g", "[24]", "-A", "1"}) ==
        "ERROR 4\nERROR 5\n");
}

TEST_CASE("sums without a row have found nothing") {
  const Written a("ERROR code=1\nINFO x\n");
  const auto top = [&](std::string_view baseline) {
    return a.ran({"logs", "a", "--top", "--new", "--since", "2020-01-01",
                  "--baseline", std::string(baseline)});
  };
  CHECK(top("2018-01-01..2019-01-01").exit == 0);
  CHECK(top("2018-01-01..2019-01-01").out.find("ERROR") != std::string::npos);
  CHECK(top("2020-01-01..2100-01-01").exit == 1);
  CHECK(top("2020-01-01..2100-01-01").out.empty());
  CHECK(a.ran({"grep", "ERROR", "a", "--distinct", "code"}).exit == 0);
  CHECK(a.ran({"grep", "nowhere", "a", "-c"}).exit == 1);
}

TEST_CASE("the last of whole records are chosen after the filter") {
  const Written a(kTraces);
  const std::vector<std::string> records = {"grep", "(?s)ERROR.*at ",
                                            "--records"};
  const auto with = [&](std::vector<std::string> more) {
    auto args = records;
    args.insert(args.end(), more.begin(), more.end());
    // A pattern is the first word.
    return a.shown(args);
  };
  CHECK(with({}) == fmt::format("{}{}", kFirst, kSecond));
  CHECK(with({"-n", "1"}) == kSecond);
  CHECK(with({"-n", "2"}) == fmt::format("{}{}", kFirst, kSecond));
  CHECK(with({"-n", "7"}) == fmt::format("{}{}", kFirst, kSecond));
  CHECK(with({"-n", "all"}) == fmt::format("{}{}", kFirst, kSecond));
  CHECK(with({"-n", "1", "-B", "1"}) ==
        fmt::format("INFO between\n{}", kSecond));
  CHECK(with({"-n", "1", "-A", "1"}) ==
        fmt::format("{}ERROR without a trace\n", kSecond));
}

TEST_CASE("a record is one of so many matches, and shown to its end") {
  const Written a(kTraces);
  const auto most = [&](const char* number, const char* context) {
    return a.shown(
        {"grep", "(?s)ERROR.*at ", "--records", "-m", number, "-A", context});
  };
  CHECK(a.shown({"grep", "(?s)ERROR.*at ", "--records", "-m", "1"}) == kFirst);
  CHECK(a.shown({"grep", "(?s)ERROR.*at ", "--records", "-m", "2"}) ==
        fmt::format("{}{}", kFirst, kSecond));
  CHECK(a.shown({"grep", "(?s)ERROR.*at ", "--records", "-m", "0"}).empty());
  CHECK(most("1", "1") == fmt::format("{}INFO between\n", kFirst));
  CHECK(most("1", "2") ==
        fmt::format("{}INFO between\nERROR second\n", kFirst));
}

TEST_CASE("whole records are not turned round") {
  const Written a(kTraces);
  const auto ran = a.ran({"grep", "ERROR", "a", "--records", "--reverse"});
  CHECK(ran.exit == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("--records and --reverse") != std::string::npos);
}

TEST_CASE("lines without a level are counted once, with context or without") {
  const Written a(
      "one\nERROR two\nthree\nfour\nfive\nERROR six\nseven\neight\nnine\nten\n"
      "eleven\n");
  const std::string told = "9 lines that name no level are left out";
  for (const auto& context : {"0", "1", "3", "99"}) {
    CAPTURE(context);
    const auto ran = a.ran({"logs", "a", "--level", "error", "-C", context});
    CHECK(ran.err.find(told) != std::string::npos);
  }
  CHECK(a.ran({"logs", "a", "--level", "error"}).err.find(told) !=
        std::string::npos);
}

TEST_CASE("-o prints what --and asks for, too, or says that nothing is") {
  const Written a("user=7 took 12ms\nuser=8 took 9ms\nnothing\n");
  CHECK(a.shown({"logs", "--and", "user=\\d", "-o"}) == "user=7\nuser=8\n");
  CHECK(a.shown({"grep", "\\d+ms", "--and", "user=8", "-o"}) ==
        "user=8\n9ms\n");
  CHECK(a.shown({"logs", "--and", "user=8", "--not", "7", "-o"}) == "user=8\n");
  const auto none = a.ran({"logs", "a", "-o"});
  CHECK(none.exit == 2);
  CHECK(none.err.find("--only-matching: of which pattern?") !=
        std::string::npos);
}

}  // namespace support
