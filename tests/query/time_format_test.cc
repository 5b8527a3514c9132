#include "query/time_format.h"

#include <doctest/doctest.h>

namespace {

// 2026-03-01T00:05:09.012345Z, a Sunday.
constexpr base::Timestamp kTime{1'772'323'509'012'345};

std::string formatted(std::string_view format, base::Timestamp time = kTime) {
  const auto parsed = query::TimeFormat::parse(format);
  REQUIRE(parsed);
  std::string text;
  parsed->append(time, base::Zone::Utc, text);
  return text;
}

}  // namespace

TEST_CASE("times by moment's tokens, or strftime's where there is a percent") {
  struct Row {
    std::string_view format;
    std::string_view text;
  };
  constexpr Row kRows[] = {
      {"YYYY-MM-DD HH:mm:ss.SSS Z", "2026-03-01 00:05:09.012 +00:00"},
      {query::kTimestampFormat, "2026-03-01T00:05:09"},
      {query::kFormatTimestamp, "2026-03-01-00:05:09+0000"},
      {"YY-M-D H:m:s", "26-3-1 0:5:9"},
      {"hh:mm A, h a", "12:05 AM, 12 am"},
      {"ddd, Do MMM", "Sun, 1st Mar"},
      {"dddd MMMM d E", "Sunday March 0 7"},
      {"S SS SSSSSS SSSSSSSS", "0 01 012345 01234500"},
      {"X x", "1772323509 1772323509012"},
      {"[at] HH [o'clock]", "at 00 o'clock"},
      {"%H:%M:%S", "00:05:09"},
      {"%Y%m%d YYYY %f 100%%", "20260301 YYYY 012345 100%"},
      {"%z %Z", "+0000 GMT"},
      {"%s.%f", "1772323509.012345"},
      {" ", " "},
  };
  for (const auto& row : kRows) {
    CAPTURE(row.format);
    CHECK(formatted(row.format) == row.text);
  }
  CHECK(formatted("YYYY HH:mm:ss.SSS", {-1}) == "1969 23:59:59.999");
}

TEST_CASE("a format that is empty or left open is refused") {
  for (const std::string_view format : {"", "%", "%H%", "[at HH"}) {
    CAPTURE(format);
    const auto parsed = query::TimeFormat::parse(format);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::Errc::Invalid);
  }
}
