#include "query/sums_printer.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "query/sheet.h"

namespace {

std::string printed(const std::vector<query::SumRow>& rows,
                    query::SumStyle style) {
  query_test::Sheet sheet;
  style.zone = base::Zone::Utc;
  query::print_rows(rows, style, sheet.output());
  return sheet.text();
}

constexpr base::Timestamp kFirst{query_test::kTenFifteen};
constexpr base::Timestamp kLast{query_test::kTenFifteen + 61'000'000};

}  // namespace

TEST_CASE("sums are aligned, the key last; without times there is no column") {
  CHECK(printed({{"GET /", 120, kFirst, kLast}, {"-", 3, {}, {}}}, {}) ==
        "120  2026-11-21 10:15:00  2026-11-21 10:16:01  GET /\n"
        "  3  -                    -                    -\n");
  CHECK(printed({{"a\nb", 1}, {"b", 10}}, {}) == " 1  a\\nb\n10  b\n");
  CHECK(printed({}, {}).empty());
}

TEST_CASE("buckets of time are shown as finely as they are") {
  using namespace std::chrono_literals;
  const std::string key = base::format_stamp({kFirst.us + 200'000});
  CHECK(printed({{key, 1}}, {.buckets = 5min}) == "1  2026-11-21 10:15\n");
  CHECK(printed({{key, 1}}, {.buckets = 10s}) == "1  2026-11-21 10:15:00\n");
  CHECK(printed({{key, 1}}, {.buckets = 100ms}) ==
        "1  2026-11-21 10:15:00.200\n");
  CHECK(printed({{"-", 1}}, {.buckets = 1h}) == "1  -\n");
  CHECK(printed({{key, 1}}, {.json = true, .buckets = 1h})
            .find("\"key\":\"" + key) != std::string::npos);
}

TEST_CASE("sums on a terminal have bars, and keys that are harmless") {
  const std::string text = printed(
      {{"a", 48}, {"b\x07", 24}, {"c", 1}, {"d", 0}}, {.terminal = true});
  std::string full, half;
  for (int i = 0; i < 24; ++i) full += "\u2588";
  for (int i = 0; i < 12; ++i) half += "\u2588";
  CHECK(text == "48  " + full + "  a\n24  " + half + std::string(12, ' ') +
                    "  b\\x07\n 1  \u258c" + std::string(23, ' ') +
                    "  c\n 0  " + std::string(24, ' ') + "  d\n");
}

TEST_CASE("a bar is as long as its share, and never nothing of something") {
  CHECK(query::make_bar(0, 2) == "  ");
  CHECK(query::make_bar(1e-9, 2) == "\u258f ");
  CHECK(query::make_bar(0.5, 2) == "\u2588 ");
  CHECK(query::make_bar(0.99, 1) == "\u2588");
  CHECK(query::make_bar(1, 2) == "\u2588\u2588");
  CHECK(query::make_bar(7, 2) == "\u2588\u2588");
}

TEST_CASE("sums as JSON: an object a row, a key of any bytes") {
  const std::string text =
      printed({{"a \"b\"", 2, kFirst, kLast}, {"\xff", 1}}, {.json = true});
  const size_t end = text.find('\n');
  CHECK(text.substr(0, end) == R"({"v":1,"key":"a \"b\"","count":2,)"
                               R"("first":"2026-11-21T10:15:00.000000Z",)"
                               R"("last":"2026-11-21T10:16:01.000000Z"})");
  const auto second = base::parse_json(text.substr(end + 1));
  REQUIRE(second);
  CHECK(*second == nlohmann::json{{"v", 1},
                                  {"key_base64", "/w=="},
                                  {"count", 1},
                                  {"first", nullptr},
                                  {"last", nullptr}});
}
