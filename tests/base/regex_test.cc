#include "base/regex.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace base {

TEST_CASE("a pattern matches anywhere in a text") {
  const auto regex = Regex::compile("b+c$");
  REQUIRE(regex.has_value());
  CHECK(regex->contains("abbc"));
  CHECK_FALSE(regex->contains("bcd"));
  CHECK_FALSE(regex->contains(""));
}

TEST_CASE("a bad pattern is refused in RE2's words, quietly") {
  const auto regex = Regex::compile("time(out");
  REQUIRE_FALSE(regex.has_value());
  CHECK(regex.error().code == Errc::Invalid);
  CHECK(regex.error().message.find("missing )") != std::string::npos);
}

TEST_CASE("NUL and bytes that are no UTF-8 are text like any other") {
  const auto regex = Regex::compile("end");
  CHECK(regex->contains(std::string_view("\0\xff end", 6)));
}

TEST_CASE("a pattern that would take others for ever is done at once") {
  const auto regex = Regex::compile("(a*)*b");
  CHECK_FALSE(regex->contains(std::string(100'000, 'a')));
}

TEST_CASE("a compiled pattern can be moved") {
  auto one = Regex::compile("x").value();
  const Regex two = std::move(one);
  CHECK(two.contains("axb"));
}

}  // namespace base
