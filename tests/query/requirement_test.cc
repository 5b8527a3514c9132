#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "query/pattern.h"
#include "query/pattern_grammar.h"
#include "support/sanitized.h"

// What a pattern is said to require, beside what RE2 says of lines.

namespace {

using query::Literal;
using query::Pattern;
using query::Requirement;

Pattern compiled(const std::string& pattern) {
  auto made = Pattern::compile({.any = {pattern}});
  REQUIRE_MESSAGE(made.has_value(), pattern);
  return std::move(*made);
}

std::string lowered(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

bool holds(const std::string& line, const Literal& literal) {
  const bool is_ascii = std::ranges::none_of(
      line, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (literal.ascii_lines_only && !is_ascii) return true;
  return literal.ignore_case
             ? lowered(line).find(lowered(literal.text)) != line.npos
             : line.find(literal.text) != line.npos;
}

bool holds(const std::string& line, const Requirement& required) {
  return std::ranges::all_of(required.sets, [&](const auto& set) {
    return std::ranges::any_of(
        set, [&](const Literal& literal) { return holds(line, literal); });
  });
}

}  // namespace

TEST_CASE("what a pattern requires is in every line that it matches") {
  query_test::PatternGrammar grammar(91);
  const int rounds = support::kSanitized ? 1'000 : 8'000;
  int taken = 0, refused = 0, tight = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto text = grammar.pattern();
    auto made = Pattern::compile({.any = {text}, .bytes = true});
    if (!made) continue;  // the name of a group twice
    for (const auto& set : made->requirement().sets)
      tight += std::ranges::none_of(set, &Literal::ignore_case) ? 1 : 0;
    for (int i = 0; i < 60; ++i) {
      const auto line = grammar.line();
      const bool may = holds(line, made->requirement());
      refused += may ? 0 : 1;
      if (!made->matches(line)) continue;
      ++taken;
      REQUIRE_MESSAGE(may, text << " of " << line);
    }
  }
  CHECK(taken > rounds);
  CHECK(refused > rounds);
  CHECK(tight > rounds / 10);
}

TEST_CASE("a literal is of one case in another of the pattern's branches") {
  const auto pattern = compiled("(1|2)ab|1Ab");
  for (const char* line : {"1ab", "2ab", "1Ab"}) {
    CHECK(pattern.matches(line));
    CHECK(holds(line, pattern.requirement()));
  }
}

TEST_CASE("letters that a class has for lack of others are of any case") {
  // What it lacks is named by a class, or is a range that begins with an
  // escape; the last class ends where it does to RE2.
  for (const auto& [text, line] :
       {std::pair("[^[:^xdigit:]0-9a-f]foo", "Afoozz"),
        std::pair("[^[:^xdigit:]b-z0-9]foo", "afoozz"),
        std::pair(R"([^\W[:^xdigit:]a-f0-9]ay)", "Bay"),
        std::pair(R"(x[^\W\--Z]y|abc)", "xay"),
        std::pair("[[:](?i)]abc", ":]ABC")}) {
    const auto pattern = compiled(text);
    CAPTURE(text);
    CHECK(pattern.matches(line));
    CHECK(holds(line, pattern.requirement()));
  }
}

TEST_CASE("literals keep their case beside classes, flags and capitals") {
  const auto only = [](const char* pattern) {
    const auto made = compiled(pattern);
    REQUIRE(made.requirement().sets.size() == 1);
    REQUIRE(made.requirement().sets[0].size() == 1);
    return made.requirement().sets[0][0];
  };
  CHECK(only("[0-9a-f]+-8E4a") == Literal{"-8E4a", false, false});
  CHECK(only("Order[A-Z]+") == Literal{"Order", false, false});
  CHECK(only("(?s)Err.*") == Literal{"Err", false, false});
  CHECK(only("(?P<Name>Größe).") == Literal{"Größe", false, false});
  CHECK(only("\\SОшибка") == Literal{"Ошибка", false, false});
  // Here the escape may stand for any letter.
  CHECK(only("\\x45rror.").ignore_case);
}
