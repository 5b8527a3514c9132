#include "cli/gap_form.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using query::Gap;

namespace {

constexpr int64_t kStart = 1'795'256'100'000'000;

Gap gap(Gap::Cause cause, std::string words, uint64_t lines = 0) {
  return {.app = "api",
          .cause = cause,
          .kept = base::Timestamp{kStart},
          .begin = base::Timestamp{kStart + 1'000'000},
          .when = {},
          .lines = lines,
          .words = std::move(words)};
}

}  // namespace

TEST_CASE("a gap is read from a report as it was written there") {
  using enum Gap::Cause;
  auto flushed = gap(Flushed, "");
  flushed.when = base::Timestamp{kStart + 5};
  auto removed = gap(Removed, "older than 7 d");
  removed.when = base::Timestamp{kStart + 6};
  auto unknown = gap(Damaged, "/logs/a \"b\".zst");
  unknown.kept = unknown.begin = std::nullopt;
  for (const auto& one :
       {flushed, removed, gap(Dropped, "disk_full", 120),
        gap(Lost, "truncated"), gap(Damaged, "/logs/x.zst", 7), unknown,
        gap(Missing, "file 3 of out is missing")}) {
    const auto text = cli::gap_json(one);
    CAPTURE(text);
    const auto read = cli::parse_gaps(fmt::format(R"({{"gaps":[{}]}})", text));
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    CHECK(cli::gap_json(read->front()) == text);
    CHECK_FALSE(cli::gap_words(one, base::Zone::Utc).empty());
  }
}

TEST_CASE("what is no gap in a report is left out, what is no report is none") {
  for (const auto* text : {"", "[]", "{}", R"({"gaps":1})", R"({"gaps":[)"})
    CHECK_FALSE(cli::parse_gaps(text));
  const auto read = cli::parse_gaps(
      R"({"gaps":[1,{},{"app":"api"},{"app":7,"reason":"lost"},
          {"app":"api","reason":"lost","first":"when?","lines":-4}]})");
  REQUIRE(read);
  REQUIRE(read->size() == 1);
  CHECK_FALSE(read->front().kept);
  CHECK(read->front().lines == 0);
}
