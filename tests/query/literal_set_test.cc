#include "query/literal_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

namespace {

using query::LiteralSearch;
using query::LiteralSet;

bool stands(const LiteralSearch& literal, std::string_view buffer, size_t at) {
  return at + literal.literal().size() <= buffer.size() &&
         literal.is_at(buffer.data() + at);
}

// The first line that has one, by asking at every place.
size_t naive_line(const std::vector<LiteralSearch>& literals,
                  std::string_view buffer, size_t from) {
  for (size_t at = from; at < buffer.size(); ++at)
    for (const auto& literal : literals)
      if (stands(literal, buffer, at))
        return static_cast<size_t>(
            std::count(buffer.begin(),
                       buffer.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  return LiteralSet::npos;
}

}  // namespace

TEST_CASE("a set finds the first line that any of its literals is in") {
  std::mt19937 random(7);
  const auto number = [&](int from, int to) {
    return std::uniform_int_distribution<int>(from, to)(random);
  };
  const auto letters = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += "abcAB C7\xff\n"[static_cast<size_t>(number(0, 9))];
    return text;
  };
  size_t found = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<LiteralSearch> literals;
    for (int i = number(2, 8); i > 0; --i) {
      std::string text = letters(number(3, 6));
      std::ranges::replace(text, '\n', 'x');
      const bool fold = number(0, 2) == 0;
      literals.emplace_back(std::move(text), fold);
    }
    const auto set = LiteralSet::make(literals);
    if (!set) return;  // another processor
    const std::string buffer = letters(number(0, 300));
    for (const size_t from : {size_t{0}, buffer.size() / 3, buffer.size()}) {
      const size_t at = set->find(buffer, from);
      const size_t wanted = naive_line(literals, buffer, from);
      CAPTURE(round);
      if (at == LiteralSet::npos) {
        REQUIRE(wanted == LiteralSet::npos);
        continue;
      }
      ++found;
      REQUIRE(at >= from);
      REQUIRE(std::ranges::any_of(literals, [&](const auto& literal) {
        return stands(literal, buffer, at);
      }));
      REQUIRE(wanted ==
              static_cast<size_t>(std::count(
                  buffer.begin(),
                  buffer.begin() + static_cast<std::ptrdiff_t>(at), '\n')));
    }
  }
  CHECK(found > 500);
}

TEST_CASE("literals that are too short or too many are no set") {
  const std::vector<LiteralSearch> short_one{{"abc", false}, {"ab", false}};
  CHECK(!LiteralSet::make(short_one));
  const std::vector<LiteralSearch> nine(9, LiteralSearch("abc", false));
  CHECK(!LiteralSet::make(nine));
  CHECK(!LiteralSet::make({{"abc", false}}));
}
