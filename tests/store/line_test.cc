#include "store/line.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

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

TEST_CASE("a stamp within an object is taken out, its own bytes are left") {
  const std::string stamp = "2026-11-21T10:15:02.123456Z";
  const std::string member = "\"@lodge\":\"" + stamp + "\"";
  struct Row {
    std::string bytes;
    std::string text;
  };
  for (const Row& row : std::vector<Row>{
           {"{" + member + "}", "{}"},
           {"{" + member + " }", "{ }"},
           {"{" + member + ",\"a\":1}", "{\"a\":1}"},
           {" \t{" + member + ",,}\r", " \t{,}\r"},
           {"{" + member + "," + member + "}", "{" + member + "}"}}) {
    CAPTURE(row.bytes);
    const Line line = parse_line(row.bytes);
    REQUIRE(line.time.has_value());
    CHECK(base::format_stamp(*line.time) == stamp);
    CHECK(std::string(line.lead) + std::string(line.text) == row.text);
    const auto place = find_member_place(row.text);
    REQUIRE(place.has_value());
    CHECK(place->at == line.lead.size());
  }
  for (const std::string& bytes : std::vector<std::string>{
           "{" + member, "{ " + member + "}", "{" + member + "x}",
           "{" + member + "\n", "[" + member + ",1]",
           std::string(kMostBlanks + 1, ' ') + "{" + member + "}",
           "{\"@lodge\":\"2026-02-30T10:15:02.123456Z\"}"}) {
    CAPTURE(bytes);
    CHECK_FALSE(parse_line(bytes).time.has_value());
    CHECK(parse_line(bytes).text == bytes);
  }
}

TEST_CASE("what a stamp within an object divides stands on disk in one form") {
  using Forms = std::vector<std::string>;
  CHECK(divided_forms("{\"a\"") == Forms{"Z\",\"a\""});
  CHECK(divided_forms(" \t{x") == Forms{"Z\",x"});
  CHECK(divided_forms("{}") == Forms{"Z\",}", "Z\"}"});
  CHECK(divided_forms("{ ") == Forms{"Z\", ", "Z\" "});
  for (const std::string whole : {"", "{", "  {", "  ", "a{b", "\"a\":{}"}) {
    CAPTURE(whole);
    CHECK(divided_forms(whole).empty());
  }
  // Each part of an object, as it is on disk.
  const std::string stamp = "2026-11-21T10:15:02.123456Z";
  for (const std::string text :
       {"{}", "{ }", " \t{\"a\":1}", "{{}}", "{}\r", "{\t\"a\":{}}"}) {
    const auto place = find_member_place(text);
    REQUIRE(place);
    const std::string bytes = text.substr(0, place->at) + "\"@lodge\":\"" +
                              stamp + (place->comma ? "\"," : "\"") +
                              text.substr(place->at);
    for (size_t begin = 0; begin < place->at; ++begin)
      for (size_t end = place->at + 1; end <= text.size(); ++end) {
        const auto part = text.substr(begin, end - begin);
        CAPTURE(part);
        size_t found = 0;
        for (const auto& form : divided_forms(part))
          if (bytes.find(form) != bytes.npos) ++found;
        CHECK(found == 1);
      }
  }
}

TEST_CASE("every beginning of a stamp within an object is torn") {
  const std::string bytes = "  {\"@lodge\":\"2026-11-21T10:15:02.123456Z\"";
  for (size_t size = 1; size <= bytes.size(); ++size)
    CHECK_MESSAGE(is_torn_prefix(bytes.substr(0, size)), size);
  for (const std::string& tail : {std::string(","), std::string("}")})
    CHECK_FALSE(is_torn_prefix(bytes + tail));
  for (const std::string text : {"{\n", " \n", "{\"a", "{}", "{ ", "[\"@"})
    CHECK_FALSE_MESSAGE(is_torn_prefix(text), text);
}

}  // namespace store
