#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "query/context.h"
#include "query/log_dir.h"
#include "query/reading.h"
#include "query/sieve.h"

namespace {

using query_test::Collector;
using query_test::LogDir;

constexpr int64_t kStart = 1'795'256'100'000'000;

std::string at(int64_t us, std::string_view text) {
  return fmt::format("{} {}\n", base::format_stamp({kStart + us}), text);
}

using Texts = std::vector<std::string>;

// The texts around matches, the way of `grep PATTERN -B -A`: read in excerpts,
// or among everything.
Texts around(const LogDir& dir, std::string_view pattern, uint64_t before,
             uint64_t after, bool in_excerpts = true,
             bool* searched_all = nullptr) {
  query::Query query;
  query.lines.text.any = {std::string(pattern)};
  const auto filter = query::LineFilter::compile(query.lines);
  REQUIRE(filter);
  query::Reading reading(query, dir.plan(query), false);
  Collector rows;
  query::Context context(rows,
                         {.before = before, .after = after, .parted = true});
  query::Sieve sieve(context, rows, *filter);
  bool all = false;
  if (in_excerpts)
    all = reading.replay_around(sieve, *filter,
                                {.before = before, .after = after},
                                [](const auto&, auto) {});
  else
    reading.replay(sieve);
  if (searched_all != nullptr) *searched_all = all;
  sieve.finish();
  CHECK(reading.problems().empty());
  Texts texts;
  for (const auto& line : rows.shown) texts.push_back(line.text);
  return texts;
}

}  // namespace

TEST_CASE("a match behind a line that is later by a moment has its context") {
  LogDir dir;
  dir.add_app("api", 1);
  std::string bytes =
      at(1'000'000, "first") + at(3'000'000, "late") + at(2'500'000, "MATCH");
  for (int i = 1; i <= 5; ++i)
    bytes += at(2'500'000 + i * 10'000, fmt::format("after {}", i));
  dir.append("api-out.log", bytes);
  CHECK(around(dir, "MATCH", 0, 0) == Texts{"MATCH"});
  CHECK(around(dir, "MATCH", 1, 1) == Texts{"late", "MATCH", "after 1"});
  CHECK(around(dir, "MATCH", 0, 1) == Texts{"MATCH", "after 1"});
  CHECK(around(dir, "after 5", 6, 0).front() == "late");
}

TEST_CASE("a match that is out of order is not leapt over for a later one") {
  LogDir dir;
  dir.add_app("api", 1);
  std::string bytes = at(3'000'000, "late");
  for (int i = 0; i < 3; ++i) bytes += at(2'500'000 + i, "before");
  bytes += at(2'600'000, "MATCH 1");
  for (int i = 1; i < 4; ++i) bytes += at(2'600'000 + i, "after");
  // More than is read without a look for the next.
  for (int i = 0; i < 9'000; ++i) bytes += at(4'000'000 + i * 10'000, "filler");
  bytes += at(100'000'000, "MATCH 2");
  dir.append("api-out.log", bytes);
  CHECK(around(dir, "MATCH", 0, 0) == Texts{"MATCH 1", "MATCH 2"});
}

TEST_CASE("a line of context that is out of order is not left out") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", at(2'500'000, "MATCH") + at(2'900'000, "late") +
                                at(2'510'000, "three") + at(2'520'000, "four") +
                                at(2'530'000, "five") + at(2'540'000, "six"));
  CHECK(around(dir, "MATCH", 0, 2) == Texts{"MATCH", "late", "three"});
  CHECK(around(dir, "four", 2, 0) == Texts{"late", "three", "four"});
}

TEST_CASE("as many lines of context as there are numbers are all lines") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log",
             at(1, "one") + at(2, "MATCH") + at(3, "three") + at(4, "four"));
  const Texts all = {"one", "MATCH", "three", "four"};
  for (const uint64_t many : {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2}) {
    CHECK(around(dir, "MATCH", many, many) == all);
    CHECK(around(dir, "MATCH", 0, many) == Texts{"MATCH", "three", "four"});
    CHECK(around(dir, "MATCH", many, 0) == Texts{"one", "MATCH"});
  }
}

TEST_CASE("context that costs more than reading everything is read whole") {
  LogDir dir;
  dir.add_app("api", 1);
  std::string bytes;
  for (int i = 0; i < 5'000; ++i)
    bytes += at(i, i % 4 == 3 ? "MATCH" : "filler");
  dir.append("api-out.log", bytes);
  // 1,250 matches, each with thousands of lines.
  bool searched_all = true;
  CHECK(around(dir, "MATCH", 4'000, 0, true, &searched_all).size() == 5'000);
  CHECK_FALSE(searched_all);
  CHECK(around(dir, "MATCH", 1, 0, true, &searched_all).size() == 2'500);
  CHECK(searched_all);
}

TEST_CASE("lines out of order have the context that reading everything shows") {
  size_t compared = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto number = [&](int from, int to) {
      return std::uniform_int_distribution<int>(from, to)(random);
    };
    LogDir dir;
    dir.add_app("api", 1);
    for (const auto* name : {"api-out.log", "api-error.log"}) {
      std::string bytes;
      int64_t time = number(0, 1'000'000);
      for (int i = number(0, 40); i > 0; --i) {
        time += number(0, 4) == 0 ? number(0, 5'000'000) : number(0, 1'000);
        const auto text = fmt::format("{} {}", name, bytes.size());
        const int64_t early = number(0, 2) == 0 ? number(0, 1'900'000) : 0;
        bytes += number(0, 9) == 0
                     ? "foreign " + text + "\n"
                     : at(time - early,
                          (number(0, 7) == 0 ? "MATCH " : "line ") + text);
      }
      dir.append(name, bytes);
    }
    CAPTURE(seed);
    const auto before = static_cast<uint64_t>(number(0, 3));
    const auto after = static_cast<uint64_t>(number(0, 3));
    const auto all = around(dir, "MATCH", before, after, false);
    const auto some = around(dir, "MATCH", before, after);
    REQUIRE(some == all);
    compared += all.size();
  }
  CHECK(compared > 1'000);
}
