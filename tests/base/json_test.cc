#include "base/json.h"

#include <doctest/doctest.h>

#include <bitset>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

namespace base {
namespace {

std::string why(std::string_view text, JsonLimits limits = {}) {
  const auto parsed = parse_json(text, limits);
  if (parsed) return "parsed";
  CHECK(parsed.error().code == Errc::Invalid);
  return parsed.error().message;
}

std::string nested(int depth, char open, char close) {
  std::string text(static_cast<size_t>(depth), open);
  text.append(static_cast<size_t>(depth), close);
  return text;
}

// What is valid UTF-8, by writing down every character.
struct Characters {
  std::bitset<1 << 8> one;
  std::bitset<1 << 16> two;
  std::unique_ptr<std::bitset<1 << 24>> three =
      std::make_unique<std::bitset<1 << 24>>();

  Characters() {
    for (unsigned c = 0; c < 0x80; ++c) one.set(c);
    for (unsigned c = 0x80; c < 0x800; ++c)
      two.set((0xC0u | c >> 6) << 8 | (0x80u | (c & 0x3Fu)));
    for (unsigned c = 0x800; c < 0x10000; ++c)
      if (c < 0xD800 || c > 0xDFFF)
        three->set((0xE0u | c >> 12) << 16 | (0x80u | (c >> 6 & 0x3Fu)) << 8 |
                   (0x80u | (c & 0x3Fu)));
  }
};

std::string naive_decode64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const char c : text) {
    if (c == '=') break;
    const auto value = kDigits.find(c);
    REQUIRE(value != kDigits.npos);
    for (int bit = 5; bit >= 0; --bit)
      bits += (value >> bit & 1) != 0 ? '1' : '0';
  }
  std::string bytes;
  for (size_t i = 0; i + 8 <= bits.size(); i += 8)
    bytes += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
  return bytes;
}

}  // namespace

TEST_CASE("JSON in, the same out") {
  const auto value = parse_json(R"({"a":[1,-2.5,true,null,"é\n"],"b":{}})");
  REQUIRE(value.has_value());
  CHECK(print_json(*value) == "{\"a\":[1,-2.5,true,null,\"é\\n\"],\"b\":{}}");
}

TEST_CASE("what is no JSON is refused with line and column") {
  CHECK(why("") == "line 1, column 1: not valid JSON");
  CHECK(why("{") == "line 1, column 2: not valid JSON");
  CHECK(why("{\n  \"a\": 1,\n  oops\n}") == "line 3, column 3: not valid JSON");
  CHECK(why("[1] x") == "line 1, column 5: not valid JSON");
  CHECK(why("[1,]") != "parsed");
  CHECK(why("{'a':1}") != "parsed");
  CHECK(why("[01]") != "parsed");
  CHECK(why("\"\xff\"") != "parsed");
  CHECK(why(std::string("[1\0]", 4)) != "parsed");
  CHECK(why("[1e999]") != "parsed");
}

TEST_CASE("a key that appears twice is refused by name, at any depth") {
  CHECK(why(R"({"a":1,"a":2})") == "key \"a\" appears twice");
  CHECK(why(R"([{"x":{"b":1,"b":1}}])") == "key \"b\" appears twice");
  CHECK(why(R"({"a":{"a":1},"b":{"a":1}})") == "parsed");
  CHECK(why(R"([{"a":1},{"a":1}])") == "parsed");
  CHECK(why(R"({"a":{"b":1},"a":2})") != "parsed");
  CHECK(why("{\"a\":1,\"\\u0061\":2}") == "key \"a\" appears twice");
}

TEST_CASE("a key that appears twice is found among many, too") {
  for (const int first : {0, 63, 64, 65, 199}) {
    for (const int again : {first, 200}) {
      std::string text = "[{\"a\":1},{";
      for (int i = 0; i < 200; ++i)
        text += "\"k" + std::to_string(i) + "\":{\"k\":1},";
      text += "\"k" + std::to_string(again) + "\":1}]";
      const auto said = why(text);
      if (again == 200)
        CHECK(said == "parsed");
      else
        CHECK(said == "key \"k" + std::to_string(first) + "\" appears twice");
    }
  }
}

TEST_CASE("nesting ends where the limit says, for lists and objects") {
  CHECK(why(nested(64, '[', ']')) == "parsed");
  CHECK(why(nested(65, '[', ']')) == "nested deeper than 64");
  CHECK(why("[[1]]", {.depth = 2}) == "parsed");
  CHECK(why("[[[]]]", {.depth = 2}) == "nested deeper than 2");
  CHECK(why(R"({"a":{"b":1}})", {.depth = 2}) == "parsed");
  CHECK(why(R"({"a":{"b":{}}})", {.depth = 2}) == "nested deeper than 2");
  CHECK(why(nested(1'000'000, '[', ']')) == "nested deeper than 64");
}

TEST_CASE("text over the limit is refused before it is read") {
  CHECK(why("[1,2]", {.bytes = 5}) == "parsed");
  CHECK(why("[1,2]", {.bytes = 4}) == "larger than 4 bytes");
}

TEST_CASE("printing bytes that are no UTF-8 loses them, not the line") {
  const nlohmann::json value = {{"m", "a\xff"}};
  CHECK(print_json(value) == "{\"m\":\"a\xEF\xBF\xBD\"}");
}

TEST_CASE("UTF-8 of up to three bytes is told exactly, all of them") {
  const Characters characters;
  const auto& [one, two, three] = characters;
  for (unsigned n = 0; n < 1u << 24; ++n) {
    const unsigned a = n >> 16;
    const unsigned b = n >> 8 & 0xFF;
    const unsigned c = n & 0xFF;
    const char bytes[] = {static_cast<char>(a), static_cast<char>(b),
                          static_cast<char>(c)};
    const bool expected = three->test(n) || (one[a] && one[b] && one[c]) ||
                          (one[a] && two[b << 8 | c]) ||
                          (two[a << 8 | b] && one[c]);
    if (is_utf8({bytes, 3}) != expected) FAIL("three bytes: ", n);
    if (a == 0 &&
        is_utf8({bytes + 1, 2}) != (two[b << 8 | c] || (one[b] && one[c])))
      FAIL("two bytes: ", n);
  }
  CHECK(is_utf8(""));
}

TEST_CASE("UTF-8 of four bytes ends at the last code point, whole") {
  CHECK(is_utf8("\xF0\x90\x80\x80"));
  CHECK(is_utf8("\xF4\x8F\xBF\xBF"));
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));
  CHECK_FALSE(is_utf8("\xF0\x8F\xBF\xBF"));
  CHECK_FALSE(is_utf8("\xF5\x80\x80\x80"));
  CHECK_FALSE(is_utf8("\xF0\x9F\x98"));
  CHECK_FALSE(is_utf8("a\xF0\x9F\x98"));
  CHECK(is_utf8("a\xF0\x9F\x98\x80z"));
}

TEST_CASE("base64 is read back, and nothing else") {
  for (const std::string bytes : {"", "f", "fo", "foo", "\xff\xfe", "a\nb"})
    CHECK(from_base64(base64(bytes)) == bytes);
  for (const auto* const text : {"Zg", "Zg=", "Z===", "Zm9 ", "====", "=Zm9"})
    CHECK_FALSE(from_base64(text));
}

TEST_CASE("base64 of any bytes decodes to them") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("\xff\xfe") == "//4=");
  std::mt19937 random(7);
  for (size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string text = base64(bytes);
    CHECK(text.size() == (size + 2) / 3 * 4);
    CHECK(naive_decode64(text) == bytes);
  }
}

}  // namespace base

TEST_CASE("JSON is what is well-formed to its end") {
  for (const std::string_view text :
       {"{}", " {\"a\":[1]} ", "{\"a\":1,\"a\":2}", "[1]", "-0.5e2", "null",
        "\"\\u00e9\""})
    CHECK(base::is_json(text));
  for (const std::string_view text :
       {"", " ", "{", "{\"a\":1", "{\"a\":1} x", "x {}", "{a:1}", "007", "NaN",
        "'a'", "\"\xff\"", "1 2"})
    CHECK_FALSE(base::is_json(text));
}
