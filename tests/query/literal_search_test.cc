#include "query/literal_search.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "query/literal_set.h"

namespace {

using query::LiteralSearch;

struct Letters {
  std::mt19937 random{3};
  size_t number(size_t from, size_t to) {
    return std::uniform_int_distribution<size_t>(from, to)(random);
  }
  // Few kinds, so that parts of a literal stand everywhere.
  std::string text(size_t size) {
    std::string text;
    while (text.size() < size) text += "aeAE04-8"[number(0, 7)];
    return text;
  }
};

size_t naive(const LiteralSearch& search, std::string_view buffer,
             size_t from) {
  for (size_t at = from; at + search.literal().size() <= buffer.size(); ++at)
    if (search.is_at(buffer.data() + at)) return at;
  return LiteralSearch::npos;
}

}  // namespace

TEST_CASE("a mark is seen unless the literal is found well before it") {
  Letters letters;
  size_t found = 0;
  size_t marked = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<LiteralSearch> literals;
    for (size_t i = letters.number(1, 3); i > 0; --i)
      literals.emplace_back(letters.text(letters.number(3, 6)),
                            letters.number(0, 1) == 0);
    auto buffer = letters.text(letters.number(0, 600));
    const size_t from = letters.number(0, buffer.size());
    if (!buffer.empty() && letters.number(0, 2) > 0)
      buffer[letters.number(0, buffer.size() - 1)] = '\x1b';
    const auto set = query::LiteralSet::make(literals);
    bool seen = false;
    const size_t at =
        set ? set->find_unless(buffer, from, '\x1b', seen)
            : literals.front().find_unless(buffer, from, '\x1b', seen);
    const size_t mark = buffer.find('\x1b', from);
    CAPTURE(buffer);
    if (seen) {
      ++marked;
      REQUIRE(at == LiteralSearch::npos);
      REQUIRE(mark != std::string::npos);
      continue;
    }
    REQUIRE(at == (set ? set->find(buffer, from)
                       : naive(literals.front(), buffer, from)));
    if (at == LiteralSearch::npos) {
      REQUIRE(mark == std::string::npos);
      continue;
    }
    ++found;
    REQUIRE(mark >= at);
  }
  CHECK(found > 1000);
  CHECK(marked > 1000);
}
