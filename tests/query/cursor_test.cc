#include "query/cursor.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

TEST_CASE("a cursor is of years 0 to 9999, as stamps are") {
  struct Row {
    int64_t us;
    bool good;
  };
  constexpr Row kRows[] = {{0, true},
                           {1'795'256'100'000'000, true},
                           {-62'167'219'200'000'000, true},
                           {-62'167'219'200'000'001, false},
                           {253'402'300'799'999'999, true},
                           {253'402'300'800'000'000, false},
                           {INT64_MAX, false},
                           {INT64_MIN, false}};
  for (const auto& row : kRows) {
    CAPTURE(row.us);
    const auto text = fmt::format("1:{}:api:0:out:3:17", row.us);
    const auto cursor = query::parse_cursor(text);
    CHECK(cursor.has_value() == row.good);
    if (cursor) CHECK(cursor->time.us == row.us);
    const auto events = fmt::format("1:0:api:0:out:3:17:{}", row.us);
    CHECK(query::parse_cursor(events).has_value() == row.good);
  }
}
