#include "store/line.h"

#include <doctest/doctest.h>

#include <string>

namespace store {

TEST_CASE("a line is its stamp and the child's bytes, all of them") {
  const std::string stamp = "2026-11-21T10:15:02.123456Z";
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string(" led by a space"),
        std::string("nul\0inside", 10), std::string("\xff\xfe"),
        std::string("ends in cr\r"), stamp + " the child's own stamp"}) {
    const std::string bytes = stamp + " " + text;
    const Line line = parse_line(bytes);
    REQUIRE(line.time.has_value());
    CHECK(base::format_stamp(*line.time) == stamp);
    CHECK(line.text == text);
  }
}

TEST_CASE("bytes without a stamp before them are all text") {
  for (const std::string bytes :
       {"", "hello", "2026-11-21T10:15:02.123456Z",
        "2026-11-21T10:15:02.123456Zx", "2026-11-21T10:15:02.123456Z\thello",
        " 2026-11-21T10:15:02.123456Z hello", "2026-11-21T10:15:02Z hello",
        "2026-02-30T10:15:02.123456Z hello"}) {
    CAPTURE(bytes);
    const Line line = parse_line(bytes);
    CHECK_FALSE(line.time.has_value());
    CHECK(line.text == bytes);
  }
}

TEST_CASE("every beginning of a stamp is torn, what could be none is not") {
  const std::string stamp = "2026-11-21T10:15:02.123456Z ";
  for (size_t size = 1; size < stamp.size(); ++size)
    CHECK_MESSAGE(is_torn_prefix(stamp.substr(0, size)), size);
  for (const std::string bytes : {"hello", "2026-11x", "20261121", "-", "T"})
    CHECK_FALSE_MESSAGE(is_torn_prefix(bytes), bytes);
}

}  // namespace store
