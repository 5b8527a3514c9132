#include "query/line_finder.h"

#include <doctest/doctest.h>

#include <random>

#include "query/bytes_before.h"
#include "query/pattern_grammar.h"
#include "store/line.h"
#include "support/sanitized.h"

namespace {

using query::LineFinder;
using query::LineForm;
using query::Pattern;
using query::Span;

Pattern compiled(std::string_view pattern, bool ignore_case = false) {
  auto made = Pattern::compile(
      {.any = {std::string(pattern)}, .ignore_case = ignore_case});
  REQUIRE(made);
  return std::move(*made);
}

std::string described(const query::TextQuery& query) {
  std::string text;
  for (const auto& one : query.any) text += one + '\n';
  for (const auto& one : query.all) text += "and " + one + '\n';
  for (const auto& [flag, is_set] :
       {std::pair("-F", query.fixed), std::pair("-i", query.ignore_case),
        std::pair("-S", query.smart_case), std::pair("-w", query.word),
        std::pair("-x", query.whole_line), std::pair("-v", query.invert),
        std::pair("--bytes", query.bytes)})
    if (is_set) text.append(flag).append(" ");
  return text;
}

std::vector<std::string> found(LineFinder& finder, std::string_view buffer,
                               LineForm form = LineForm::Plain) {
  std::vector<std::string> lines;
  finder.set_buffer(buffer, form);
  Span line;
  for (size_t at = 0; at < buffer.size() && finder.next(at, line);
       at = line.end + 1)
    lines.emplace_back(buffer.substr(line.begin, line.end - line.begin));
  return lines;
}

std::vector<std::string> asked(const Pattern& pattern, std::string_view buffer,
                               LineForm form = LineForm::Plain) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < buffer.size();) {
    const size_t end = std::min(buffer.find('\n', at), buffer.size());
    const auto line = buffer.substr(at, end - at);
    std::string text(line);
    if (form == LineForm::Stamped) {
      const auto parsed = store::parse_line(line);
      text.assign(parsed.lead).append(parsed.text);
    }
    if (pattern.matches(text)) lines.emplace_back(line);
    at = end + 1;
  }
  return lines;
}

// Lines of which one in `every` has a mark in it.
std::string lines_with(std::mt19937& random, unsigned every, size_t size) {
  constexpr std::string_view kWords[] = {
      "pool", "ab1", "X", "12", "query", "AB", "\x1b[1mbold\x1b[0m", "zz9"};
  constexpr std::string_view kMarks[] = {"[12]", "AB[12]", "a@b",  "@",
                                         "X[7",  "{\"k\"", "9{x}", "]["};
  std::string buffer;
  while (buffer.size() < size) {
    for (auto words = random() % 6; words > 0; --words)
      buffer
          .append(kWords[random() % (std::size(kWords) - (every > 1 ? 2 : 0))])
          .append(random() % 2 == 0 ? " " : "");
    if (random() % every == 0) buffer.append(kMarks[random() % 8]);
    if (random() % 20 == 0) buffer += '\r';
    buffer += '\n';
  }
  return buffer;
}

// What objects, and what looks like them, are made of.
std::string braces(std::mt19937& random, unsigned most) {
  constexpr std::string_view kParts[] = {
      "{",       "{\"",    "{}",     "}",        "\"a\"",       ":1",
      ",",       " ",      "\t",     "x",        "\"k\":\"s\"", "Z\"",
      "Z\",\"a", "{\"a\"", "{\"K",   "{ ",       "\x1b[1m",     "\xe2\x84\xaa",
      "\r",      "{{",     "@lodge", "\"a\":{}", "[",           "u"};
  std::string text;
  for (auto parts = random() % (most + 1); parts > 0; --parts)
    text += kParts[random() % std::size(kParts)];
  return text;
}

// With stamps of both forms, and none.
std::string stamped_braces(std::mt19937& random, bool ascii) {
  constexpr std::string_view kStamp = "2026-11-21T10:15:00.000000Z";
  std::string buffer;
  for (int lines = 60; lines > 0; --lines) {
    std::string line = braces(random, 5);
    if (random() % 3 != 0)
      line = std::string(random() % 3, ' ') + "{" + line + "}";
    if (random() % 9 == 0) line += '\r';
    if (ascii && line.find_first_of("\x1b\xe2") != line.npos) continue;
    const auto place = store::find_member_place(line);
    if (place && random() % 4 != 0)
      line.insert(place->at, std::string(store::kMemberBegin)
                                 .append(kStamp)
                                 .append(place->comma ? "\"," : "\""));
    else if (random() % 8 != 0)
      line.insert(0, std::string(kStamp) + " ");
    buffer += line + '\n';
  }
  return buffer;
}

}  // namespace

TEST_CASE("what a stamp divides on disk is found as the child wrote it") {
  constexpr std::string_view kExpressions[] = {
      R"re(^\{"a")re",         R"re(^ ?\{)re",        R"re(\{"(a|k)")re",
      R"re(^\{\}$)re",         R"re(\{ *\})re",       R"re([{]["}])re",
      R"re(\{"a"|\{x|\{\})re", R"re(\{"[a-z]")re",    R"re(^\{"a":1.*\}$)re",
      R"re(\s\{")re",          R"re(\{("a"|\{)+:)re", R"re(\{.?"k)re",
      R"re(\{"@lodge)re",      R"re(^\{x)re",         R"re(.\{"a)re",
      R"re([^"]"a")re",        R"re(\{[x"]a)re",      R"re((?i)\{"K":")re",
      R"re(\{\t?x)re",         R"re(\W\{"\w)re"};
  std::mt19937 random(2026);
  size_t hits = 0;
  for (int round = 0; round < 4000; ++round) {
    query::TextQuery query;
    query.fixed = random() % 3 != 0;
    const auto any = random() % 4 == 0 ? random() % 9 + 1 : 1;
    for (size_t i = 0; i < any; ++i) {
      std::string text;
      if (query.fixed) {
        text = std::string(random() % 6 == 0 ? " " : "") +
               (random() % 4 != 0 ? "{" : "") + braces(random, 3);
        if (text.empty()) text = "{}";
      } else {
        text = kExpressions[random() % std::size(kExpressions)];
      }
      (random() % 12 == 0 ? query.all : query.any).push_back(std::move(text));
    }
    query.ignore_case = random() % 4 == 0;
    query.word = random() % 8 == 0;
    query.whole_line = random() % 6 == 0;
    query.invert = random() % 6 == 0;
    query.bytes = random() % 4 == 0;
    auto pattern = Pattern::compile(query);
    REQUIRE(pattern);
    LineFinder finder(*pattern, {});
    const auto buffer = stamped_braces(random, round % 2 == 0);
    for (const auto form : {LineForm::Stamped, LineForm::Plain}) {
      const auto expected = asked(*pattern, buffer, form);
      CAPTURE(described(query));
      REQUIRE(found(finder, buffer, form) == expected);
      hits += expected.size();
    }
  }
  CHECK(hits > 10'000);
}

TEST_CASE("patterns of any case, class and flag find what asking lines does") {
  query_test::PatternGrammar grammar(2611);
  constexpr std::string_view kStamp = "2026-11-21T10:15:00.000000Z ";
  const int rounds = support::kSanitized ? 1'000 : 3'000;
  size_t hits = 0;
  for (int round = 0; round < rounds; ++round) {
    query::TextQuery query;
    for (size_t i = grammar.below(4) == 0 ? 3 : 1; i > 0; --i)
      (grammar.below(8) == 0 ? query.all : query.any)
          .push_back(grammar.pattern());
    query.ignore_case = grammar.below(4) == 0;
    query.smart_case = grammar.below(8) == 0;
    query.word = grammar.below(8) == 0;
    query.whole_line = grammar.below(8) == 0;
    query.invert = grammar.below(8) == 0;
    query.bytes = grammar.below(6) == 0;
    auto pattern = Pattern::compile(query);
    if (!pattern) continue;  // the name of a group twice
    // Some have no line with colours, others none that isn't ASCII.
    const bool plain = grammar.below(2) == 0;
    const bool ascii = grammar.below(3) == 0;
    std::string buffer;
    for (int lines = 40; lines > 0; --lines) {
      const auto line = grammar.line();
      if (plain && line.find('\x1b') != line.npos) continue;
      if (ascii && query::find_high_byte(line, 0) != line.npos) continue;
      if (grammar.below(9) != 0) buffer += kStamp;
      buffer += line + '\n';
    }
    CAPTURE(described(query));
    LineFinder finder(*pattern, {});
    for (const auto form : {LineForm::Stamped, LineForm::Plain}) {
      const auto expected = asked(*pattern, buffer, form);
      REQUIRE(found(finder, buffer, form) == expected);
      hits += expected.size();
    }
  }
  CHECK(hits > 10'000);
}

TEST_CASE("what any byte may follow is not looked for to the buffer's end") {
  // Otherwise this would take minutes.
  std::string buffer;
  while (buffer.size() < 3'000'000) buffer += "ab\n";
  const auto pattern = compiled(R"([a-z]\C*)");
  LineFinder finder(pattern, {});
  CHECK(found(finder, buffer).size() == buffer.size() / 3);
}

TEST_CASE("where nothing longer is required, a rare byte is") {
  const auto sets = [](std::string_view pattern) {
    return compiled(pattern).requirement().sets.size();
  };
  CHECK(sets(R"([A-Z]{5}\[[0-9]{5}\])") == 2);
  CHECK(sets(R"([a-z]+@[a-z]+)") == 1);
  CHECK(sets(R"([a-z]{3}-[a-z]{3})") == 0);  // in every stamp, for one
  CHECK(sets(R"([a-z]{3}x[a-z]{3})") == 0);
  CHECK(sets(R"([a-z]{3}[\[@][a-z]{3})") == 1);  // one or the other
  CHECK(sets(R"([a-z]{3}[-@][a-z]{3})") == 0);
  // A longer one is better, whatever stands beside it.
  const auto both = compiled(R"([a-z]@[a-z]+ took)").requirement();
  REQUIRE(both.sets.size() == 1);
  CHECK(both.sets[0][0].text == " took");
}

TEST_CASE("a byte that is rare, or everywhere, finds what asking lines does") {
  std::mt19937 random(4711);
  for (const auto* text :
       {R"([A-Z]{2}\[[0-9]{2}\])", R"([a-z]@[a-z])", R"([0-9]\{[a-z])",
        R"(x\[|\]\[)", R"([[@]\d?$)", R"(^[A-Z]+\[)"})
    for (const bool ignore_case : {false, true}) {
      const auto pattern = compiled(text, ignore_case);
      LineFinder finder(pattern, {});
      // So often in vain that it is given up, and then seldom again.
      for (const unsigned every : {50U, 1U, 1U, 1U, 1U, 1U, 1U, 3U, 50U}) {
        const auto buffer = lines_with(random, every, 40'000);
        CAPTURE(text);
        CAPTURE(ignore_case);
        REQUIRE(found(finder, buffer) == asked(pattern, buffer));
      }
    }
}

TEST_CASE("what may stand before a byte is known of characters in a row") {
  const auto before = [](std::string_view pattern, char mark,
                         bool ignore_case = false) -> std::string {
    const auto bytes = query::bytes_before(pattern, mark, ignore_case);
    if (!bytes) return "any";
    std::string text;
    for (size_t b = 0; b < 0x80; ++b)
      if ((*bytes)[b]) text += static_cast<char>(b);
    return text + ((*bytes)[0xc5] ? " and others" : "");
  };
  CHECK(before(R"([A-C]{5}\[[0-9]{5}\])", '[') == "ABC[");
  CHECK(before(R"([A-C]{5}\[[0-9]{5}\])", ']') == "0123456789]");
  CHECK(before(R"(x@[a-z]+)", '@') == "@x");
  CHECK(before(R"([a\-c\]]+@)", '@') == "-@]ac");
  CHECK(before(R"(a[bX]@)", '@', true) == "@BXbx and others");
  CHECK(before(R"(\[\d\[)", '[') == "0123456789[");
  CHECK(before(R"(a{0,2}@)", '@') == "any");
  CHECK(before(R"(ab*@)", '@') == "any");
  CHECK(before(R"(@x)", '@') == "any");
  CHECK(before(R"(.@x)", '@') == "any");
  CHECK(before(R"([^a]@)", '@') == "any");
  CHECK(before(R"([[:alpha:]]@)", '@') == "any");
  CHECK(before(R"((a)@)", '@') == "any");
  CHECK(before(R"(a|b@)", '@') == "any");
  CHECK(before(R"(a\s@)", '@') == "any");
  CHECK(before(R"(a@?)", '@') == "any");
  CHECK(before("\xc3\xa4@", '@') == "any");
}

TEST_CASE("a byte behind a stamp within its line is found") {
  const auto pattern = compiled(R"([A-Z]\[[0-9])");
  LineFinder finder(pattern, {});
  const std::string buffer =
      "2026-11-21T10:15:00.000000Z none\n"
      "AB2026-11-21T10:15:00.000000Z [1]\n";
  finder.set_buffer(buffer, LineForm::Stamped);
  Span line;
  const bool found = finder.next(0, line);
  // Whether that is its text is for the line's own form to say.
  const auto text = store::parse_line("AB2026-11-21T10:15:00.000000Z [1]");
  CHECK(found == pattern.matches(std::string(text.lead).append(text.text)));
}
