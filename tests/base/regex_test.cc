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

TEST_CASE("matches are found one after the other, with what is before seen") {
  const auto regex = Regex::compile(R"(\ba+)");
  const std::string_view text = "aab aaa";
  const auto first = regex->find(text);
  REQUIRE(first.has_value());
  CHECK(first->begin == 0);
  CHECK(first->end == 2);
  const auto second = regex->find(text, 1);  // not the second 'a'
  REQUIRE(second.has_value());
  CHECK(second->begin == 4);
  CHECK(second->end == 7);
  CHECK_FALSE(regex->find(text, 5).has_value());
  CHECK_FALSE(regex->find(text, 100).has_value());
  CHECK_FALSE(Regex::compile("^b")->find("ab", 1).has_value());
}

TEST_CASE("an empty match is found where it is") {
  const auto found = Regex::compile("x*")->find(std::string_view("aab"), 3);
  REQUIRE(found.has_value());
  CHECK(found->begin == 3);
  CHECK(found->end == 3);
  CHECK(Regex::compile("x*")->find(std::string_view{}).has_value());
}

}  // namespace base
