#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "base/regex.h"
#include "query/buffer_scan.h"
#include "query/line_finder.h"
#include "query/literal_search.h"
#include "query/pattern.h"
#include "query/pattern_grammar.h"
#include "support/sanitized.h"

namespace {

using query::Pattern;
using query::Span;
using query::TextQuery;

Pattern compiled(const TextQuery& query) {
  auto pattern = Pattern::compile(query);
  REQUIRE(pattern);
  return std::move(*pattern);
}

bool takes(const TextQuery& query, std::string_view text) {
  return compiled(query).matches(text);
}

std::vector<std::string> parts(const TextQuery& query, std::string_view text) {
  std::vector<Span> spans;
  compiled(query).find_spans(text, spans);
  std::vector<std::string> found;
  for (const auto& span : spans)
    found.emplace_back(text.substr(span.begin, span.end - span.begin));
  return found;
}

// Where lines begin that a scan gives.
std::vector<size_t> candidates(query::BufferScan& scan,
                               std::string_view buffer) {
  scan.set_buffer(buffer, query::LineForm::Plain);
  std::vector<size_t> found;
  Span line;
  for (size_t at = 0; scan.next(at, line); at = line.end + 1)
    found.push_back(line.begin);
  return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("flags mean what they mean to grep") {
  CHECK(takes({.any = {"b"}}, "abc"));
  CHECK_FALSE(takes({.any = {"B"}}, "abc"));
  CHECK(takes({.any = {"B"}, .ignore_case = true}, "abc"));
  CHECK(takes({.any = {"b"}, .smart_case = true}, "aBc"));
  CHECK_FALSE(takes({.any = {"B"}, .smart_case = true}, "abc"));
  CHECK(takes({.any = {"a\\Sc"}, .smart_case = true}, "ABC"));
  CHECK(takes({.any = {"a.c"}, .fixed = true}, "xa.cx"));
  CHECK_FALSE(takes({.any = {"a.c"}, .fixed = true}, "abc"));
  CHECK(takes({.any = {"use"}, .word = true}, "to use it"));
  CHECK_FALSE(takes({.any = {"use"}, .word = true}, "user reuse"));
  // A word may be found behind one that is none.
  CHECK(takes({.any = {"use"}, .word = true}, "user use"));
  // What begins with a mark is a word where no word character stands beside.
  CHECK(takes({.any = {"-x"}, .word = true}, "a -x b"));
  CHECK(takes({.any = {"abc"}, .whole_line = true}, "abc"));
  CHECK_FALSE(takes({.any = {"abc"}, .whole_line = true}, "abcd"));
  CHECK(takes({.any = {"x|abc"}, .whole_line = true}, "abc"));
  CHECK(takes({.any = {"x", "b"}}, "abc"));
  CHECK_FALSE(takes({.any = {"b"}, .all = {"x"}}, "abc"));
  CHECK(takes({.any = {"x"}, .invert = true}, "abc"));
  CHECK(compiled({.none = {"b"}}).excludes("abc"));
  CHECK(takes({.any = {""}}, ""));
}

TEST_CASE("a whole line has nothing beside it, also where it is words") {
  const TextQuery query{.any = {"b"}, .word = true, .whole_line = true};
  CHECK(takes(query, "b"));
  for (const std::string_view text : {"-b", "b-", " b ", "a b", "ab"})
    CHECK_FALSE(takes(query, text));
  CHECK(parts(query, "b") == Texts{"b"});
}

TEST_CASE("text is seen without colours and without a carriage return") {
  CHECK(takes({.any = {"red words$"}}, "\x1b[31mred\x1b[0m words\r"));
  CHECK_FALSE(
      takes({.any = {"red words"}, .bytes = true}, "\x1b[31mred\x1b[0m words"));
  CHECK(takes({.any = {"ab"}}, "a\x1b[1;38:5:3mb"));
  // What is no colour is text.
  CHECK_FALSE(takes({.any = {"ab"}}, "a\x1b[2Kb"));
  CHECK(parts({.any = {"ed w"}}, "r\x1b[31med\x1b[0m words") ==
        Texts{"ed\x1b[0m w"});
}

TEST_CASE("an alternation of plain words means what RE2 makes of it") {
  using Texts = std::vector<std::string>;
  CHECK(parts({.any = {"foo|bar"}}, "a bar, foo") == Texts{"bar", "foo"});
  // The first of two at one place, not the longest.
  CHECK(parts({.any = {"foo|foobar"}}, "foobar") == Texts{"foo"});
  CHECK(parts({.any = {"foobar|foo"}}, "foobar") == Texts{"foobar"});
  CHECK(parts({.any = {"Foo|fOOb"}, .ignore_case = true}, "FOOBAR") ==
        Texts{"FOO"});
  CHECK(takes({.any = {"foo|"}}, "x"));
  CHECK(takes({.any = {R"(a\|b)"}}, "a|b"));
  CHECK_FALSE(takes({.any = {R"(a\|b)"}}, "a"));
  // Only a few are looked for each by itself.
  CHECK(compiled({.any = {"aa|bb|cc|dd"}}).literals().size() == 4);
  const Pattern many = compiled({.any = {"aa|bb|cc|dd|ee|ff|gg|hh|ii"}});
  CHECK(many.literals().empty());
  CHECK(many.matches("x ii"));
  CHECK_FALSE(many.matches("x i"));
}

TEST_CASE("letters that others are the lower case of are found") {
  CHECK(takes({.any = {"kelvin"}, .ignore_case = true},
              "\xe2\x84\xaa"
              "ELVIN"));
  CHECK(takes({.any = {"mask"}, .ignore_case = true},
              "ma\xc5\xbf"
              "k"));
  CHECK(takes({.any = {"größe"}, .ignore_case = true}, "GRÖßE"));
  CHECK_FALSE(takes({.any = {"kelvin"}},
                    "\xe2\x84\xaa"
                    "elvin"));
}

TEST_CASE("bytes that are no text are searched around, and as they are") {
  CHECK(takes({.any = {"b"}}, std::string_view("\xff\0b", 3)));
  CHECK(takes({.any = {"\xff\xfe"}}, "a\xff\xfe"));
  CHECK(takes({.any = {std::string("a\0b", 3)}, .fixed = true},
              std::string_view("xa\0bx", 5)));
}

TEST_CASE("spans are leftmost, do not overlap, and are never empty") {
  CHECK(parts({.any = {"a+"}}, "aa b aaa") == Texts{"aa", "aaa"});
  CHECK(parts({.any = {"x*"}}, "axxb").size() == 1);
  CHECK(parts({.any = {"ab", "abc", "b"}}, "abcb") == Texts{"abc", "b"});
  CHECK(parts({.any = {"a"}, .word = true}, "a a ab a") ==
        Texts{"a", "a", "a"});
  CHECK(parts({.any = {"a"}, .invert = true}, "b").empty());
}

TEST_CASE("a bad pattern is refused with a caret under the place") {
  struct Row {
    std::string pattern;
    std::string message;
  };
  const Row rows[] = {
      {"a(b", "pattern: missing )\n  a(b\n     ^"},
      {"a[b", "pattern: missing ]\n  a[b\n   ^"},
      {"*a", "pattern: no argument for repetition operator\n  *a\n  ^"},
      {"a\\", "pattern: trailing \\\n  a\\\n   ^"},
  };
  for (const auto& row : rows) {
    auto pattern = Pattern::compile({.any = {row.pattern}});
    REQUIRE_FALSE(pattern);
    CHECK(pattern.error().message == row.message);
  }
  CHECK_FALSE(Pattern::compile({.any = {"(x{1000}){1000}"}}));
  CHECK_FALSE(Pattern::compile({.any = {"a", "b("}}));
  CHECK_FALSE(Pattern::compile({.any = {"a)(b"}}));
}

TEST_CASE("a literal is found wherever it stands, by every kernel's border") {
  std::mt19937 random(3);
  const auto number = [&](size_t from, size_t to) {
    return std::uniform_int_distribution<size_t>(from, to)(random);
  };
  for (int round = 0; round < (support::kSanitized ? 3000 : 30'000); ++round) {
    std::string buffer(number(0, 400), ' ');
    for (char& c : buffer) c = "abAB@`k1\n\xc3"[number(0, 9)];
    std::string literal(number(1, 9), ' ');
    for (char& c : literal) c = "abAB@`k1\n\xc3"[number(0, 9)];
    if (number(0, 1) == 0 && buffer.size() >= literal.size())
      buffer.replace(number(0, buffer.size() - literal.size()), literal.size(),
                     literal);
    const bool fold = number(0, 1) == 0;
    const size_t from = number(0, buffer.size());
    const query::LiteralSearch search(literal, fold);
    const auto lower = [&](char c) {
      return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    const auto at = std::search(
        buffer.begin() + static_cast<long>(from), buffer.end(), literal.begin(),
        literal.end(), [&](char a, char b) { return lower(a) == lower(b); });
    const size_t expected = at == buffer.end()
                                ? query::LiteralSearch::npos
                                : static_cast<size_t>(at - buffer.begin());
    REQUIRE(search.find(buffer, from) == expected);
  }
}

TEST_CASE("what a whole buffer is scanned for is what each line has") {
  std::mt19937 random(5);
  const auto number = [&](size_t from, size_t to) {
    return std::uniform_int_distribution<size_t>(from, to)(random);
  };
  constexpr std::string_view patterns[] = {
      "[ab]{2}", "\\d+",         "x*",  "[^a]",  "\\s",
      "a$",      "\\bab\\b",     ".",   "b?",    "(?i)[ab]c",
      "\\W\\w",  "[[:alpha:]]1", "a|$", "\\S\\s"};
  for (int round = 0; round < (support::kSanitized ? 200 : 3000); ++round) {
    std::string buffer(number(0, 300), ' ');
    for (char& c : buffer) c = "abc1 \n\n\t\rA"[number(0, 9)];
    const std::string expression(patterns[number(0, std::size(patterns) - 1)]);
    const auto pattern = compiled({.any = {expression}});
    // With Hyperscan, where it is there, and without.
    for (const size_t worth : {size_t{1}, SIZE_MAX}) {
      auto scan = query::BufferScan::make(pattern, worth);
      REQUIRE(scan);
      const auto found = candidates(*scan, buffer);
      for (size_t at = 0; at < buffer.size();) {
        const size_t end = std::min(buffer.find('\n', at), buffer.size());
        CAPTURE(expression);
        CAPTURE(buffer);
        CAPTURE(at);
        CAPTURE(worth);
        if (pattern.matches(std::string_view(buffer).substr(at, end - at)))
          REQUIRE(std::ranges::find(found, at) != found.end());
        at = end + 1;
      }
    }
  }
}

TEST_CASE("a buffer is scanned for patterns of any case, class and flag") {
  query_test::PatternGrammar grammar(1130);
  const int rounds = support::kSanitized ? 300 : 3'000;
  int taken = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto text = grammar.pattern();
    auto pattern = Pattern::compile({.any = {text},
                                     .ignore_case = grammar.below(3) == 0,
                                     .word = grammar.below(8) == 0,
                                     .whole_line = grammar.below(8) == 0});
    if (!pattern) continue;  // the name of a group twice
    std::string buffer;
    for (int lines = 30; lines > 0; --lines) {
      // Of what is not ASCII Hyperscan is not asked.
      const auto line = grammar.line();
      if (query::find_high_byte(line, 0) == line.npos) buffer += line + '\n';
    }
    for (const size_t worth : {size_t{1}, SIZE_MAX}) {
      auto scan = query::BufferScan::make(*pattern, worth);
      if (!scan) continue;
      const auto found = candidates(*scan, buffer);
      for (size_t at = 0; at < buffer.size();) {
        const size_t end = buffer.find('\n', at);
        const auto here = std::string_view(buffer).substr(at, end - at);
        CAPTURE(text);
        CAPTURE(here);
        CAPTURE(worth);
        if (pattern->matches(here)) {
          ++taken;
          REQUIRE(std::ranges::find(found, at) != found.end());
        }
        at = end + 1;
      }
    }
  }
  CHECK(taken > rounds);
}

TEST_CASE("quotes that are not closed end with their pattern") {
  CHECK(takes({.any = {R"([a-z]\Q1)", R"([a-z]\Q1\E[a-z])"}}, "q1"));
  CHECK(takes({.any = {R"(\Qq1)"}, .whole_line = true}, "q1"));
  CHECK_FALSE(takes({.any = {R"(\Qq1)"}, .whole_line = true}, "q1)$"));
  CHECK(takes({.any = {R"(\Q(q\)"}, .word = true}, "a (q\\ b"));
  CHECK(takes({.any = {R"(\\Q)"}, .word = true}, "a \\Q b"));
}

TEST_CASE("a pattern that is rare is not looked for anew at each match") {
  // Otherwise this would take minutes.
  std::string line;
  while (line.size() < 6'000'000) line += "ab";
  CHECK(parts({.any = {"a", "ZZZ"}}, line).size() == line.size() / 2);
  CHECK(parts({.any = {"a", "Z[XY]"}}, line).size() == line.size() / 2);
}

TEST_CASE("a list of texts means each of them, the longest where several are") {
  std::mt19937 random(5);
  const auto number = [&](size_t most) { return random() % (most + 1); };
  const auto some = [&](std::string_view of, size_t most) {
    std::string text;
    for (size_t size = number(most) + 1; size > 0; --size)
      text += of[number(of.size() - 1)];
    return text;
  };
  const auto folded = [](std::string text) {
    for (char& c : text)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
    return text;
  };
  const auto is_word = [](char c) { return c != '-' && c != ' '; };
  for (int round = 0; round < 4000; ++round) {
    TextQuery query;
    query.fixed = true;
    query.word = number(1) == 0;
    query.whole_line = number(5) == 0;
    query.ignore_case = number(2) == 0;
    query.smart_case = number(3) == 0;
    for (size_t i = number(11) + 1; i > 0; --i)
      query.any.push_back(some("abBk-", 3));
    query.none = {"aaaa", some("abk", 4) + "a", "BBBB"};
    const std::string text = some("abBkK- ", 9);
    // By hand, place by place.
    const auto at = [&](size_t from, size_t place) {
      size_t best = 0;
      for (const auto& word : query.any) {
        const bool any_case =
            query.ignore_case || (query.smart_case && folded(word) == word);
        const auto here = text.substr(place, word.size());
        if (here != word && !(any_case && folded(here) == folded(word)))
          continue;
        const size_t end = place + word.size();
        const bool whole = place == 0 && end == text.size();
        const bool apart =
            (place == 0 || (place > from && !is_word(text[place - 1]))) &&
            (end == text.size() || !is_word(text[end]));
        if (query.whole_line ? whole : !query.word || apart)
          best = std::max(best, word.size());
      }
      return best;
    };
    Texts expected;
    for (size_t from = 0, place = 0; place < text.size();) {
      const size_t size = at(from, place);
      if (size > 0) expected.push_back(text.substr(place, size));
      place += std::max<size_t>(size, 1);
      if (size > 0) from = place;
    }
    CAPTURE(text);
    CAPTURE(query.any);
    CHECK(takes(query, text) == !expected.empty());
    CHECK(parts(query, text) == expected);
    bool out = false;
    for (const auto& word : query.none) {
      TextQuery one = query;
      one.any = {word};
      one.none.clear();
      out = out || takes(one, text);
    }
    CHECK(compiled(query).excludes(text) == out);
  }
}

TEST_CASE("the matches of several patterns are the first there are") {
  std::mt19937 random(3);
  const auto number = [&](size_t most) { return random() % (most + 1); };
  constexpr std::string_view kPatterns[] = {"a",  "ab", "b+", "a*",   "c|ab",
                                            "^a", "a$", "-b", "\\Bb", "[bc]a"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (size_t size = number(12); size > 0; --size) text += "abc- "[number(4)];
    TextQuery query;
    for (size_t i = 0; i <= number(3); ++i)
      query.any.emplace_back(kPatterns[number(std::size(kPatterns) - 1)]);
    std::vector<std::pair<size_t, size_t>> expected;
    for (size_t from = 0; from <= text.size();) {
      std::optional<base::Regex::Match> best;
      for (const auto& pattern : query.any) {
        const auto regex = base::Regex::compile(pattern, {});
        REQUIRE(regex);
        const auto match = regex->find(text, from, 0);
        if (match && (!best || match->begin < best->begin ||
                      (match->begin == best->begin && match->end > best->end)))
          best = match;
      }
      if (!best) break;
      if (best->end > best->begin)
        expected.emplace_back(best->begin, best->end);
      from = best->end > best->begin ? best->end : best->begin + 1;
    }
    std::vector<Span> spans;
    compiled(query).find_spans(text, spans);
    std::vector<std::pair<size_t, size_t>> got;
    for (const auto& span : spans) got.emplace_back(span.begin, span.end);
    CAPTURE(text);
    CHECK(got == expected);
  }
}
