#pragma once
// Random patterns full of what is hard about case, classes and flags, and lines
// that they may match: two letters in both cases, letters that are another's
// lower or upper case, marks that are rare in logs, colours, what is no UTF-8.

#include <array>
#include <cstdint>
#include <random>
#include <string>

namespace query_test {

class PatternGrammar {
 public:
  explicit PatternGrammar(uint64_t seed) : random_(seed) {}

  std::string pattern() {
    // (Quotes that are not closed go on to the end.)
    return alternatives(3) + (below(20) == 0 ? "\\QaK" : "");
  }
  std::string line() {
    std::string made;
    for (size_t i = 0, n = below(14); i < n; ++i) made += one_of(kInLines);
    return made;
  }
  size_t below(size_t n) { return random_() % n; }

 private:
  static constexpr std::array kInLines{
      "a", "A", "a", "A",        "k",       "K",      "k",   "K",
      "1", "-", " ", "é",        "É",       "\u212a", "Я",   "я",
      "ſ", "[", "@", "{\"a\":1", "\x1b[1m", "\r",     "\xff"};
  static constexpr std::array kAtoms{
      "a",           "A",           "k",           "K",
      "1",           "-",           "é",           "É",
      "\u212a",      "Я",           "я",           "aK",
      "Ak",          "1A",          "1a",          "kA1",
      "AaK",         "[aA]",        "[A-C]",       "[a-c]",
      "[kK1]",       "[0-9a-f]",    "[^a]",        "[^A]",
      "[@-C]",       "[Aé]",        "\\x41",       "\\101",
      "\\QAk\\E",    "(?i:a)",      "(?i)k",       "(?:K)",
      "(?P<A>a)",    "\\w",         "\\S",         ".",
      "[\\w-]",      "[[:upper:]]", "\\pL",        "\\p{Lu}",
      "(?s:A)",      "[K-\u212a]",  "\\[",         "@",
      "^",           "$",           "\\b",         "\\B",
      "\\s",         "\\d",         "{\"a",        "[[@]",
      "(?-m:a$)",    "(?-m:^k)",    "(?m:^A)",     "[^[:^xdigit:]0-9a-f]",
      "é?",          "Я*",          "[^\\W\\--Z]", "[[:]",
      "(?i)\\p{Lu}", "[^\\Wb-z]",   "\\x{212a}"};
  static constexpr std::array kRepeats{"?", "*", "+", "{2}", "{0,1}", "*?"};

  template <size_t N>
  std::string one_of(const std::array<const char*, N>& of) {
    return of[below(N)];
  }
  std::string alternatives(int depth) {
    std::string made = sequence(depth);
    while (below(3) == 0) made += '|' + sequence(depth);
    return made;
  }
  std::string sequence(int depth) {
    std::string made;
    for (size_t i = 0, n = 1 + below(4); i < n; ++i) {
      std::string part = depth > 0 && below(4) == 0
                             ? '(' + alternatives(depth - 1) + ')'
                             : one_of(kAtoms);
      if (below(4) == 0) part = "(?:" + part + ')' + one_of(kRepeats);
      made += part;
    }
    return made;
  }

  std::mt19937_64 random_;
};

}  // namespace query_test
