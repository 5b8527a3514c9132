#include "query/pattern_literals.h"

#include <algorithm>

#include "base/json.h"
#include "base/regex.h"
#include "query/literal_search.h"

namespace query {
namespace {

constexpr std::string_view kOperators = "\\.+*?()|[]{}^$";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool is_ascii(std::string_view text) {
  return find_high_byte(text, 0) == LiteralSearch::npos;
}
std::string lowered(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), lower);
  return made;
}

// Letters that others than ASCII ones are the lower case of: U+212A of k,
// U+017F of s, U+0130 of i.
bool has_double(std::string_view text) {
  return lowered(text).find_first_of("ksi") != std::string::npos;
}

// The longest part in ASCII: what of other letters RE2's lower case is of can't
// be told from their bytes.
std::string ascii_part(std::string_view atom) {
  std::string best;
  std::string part;
  for (const char c : atom) {
    if (static_cast<unsigned char>(c) < 0x80)
      part += c;
    else
      part.clear();
    if (part.size() > best.size()) best = part;
  }
  return best;
}

// Looking for a single byte pays where it is a mark that few lines have.
bool is_rare_mark(char c) {
  constexpr unsigned kRare = 8;  // of 1000
  const bool is_mark = c > ' ' && c < '\x7f' && !(c >= '0' && c <= '9') &&
                       !(lower(c) >= 'a' && lower(c) <= 'z');
  return is_mark && byte_frequency(c, false) <= kRare;
}

std::optional<Literal> literal_of(const base::RequiredLiteral& required) {
  const auto& text = required.text;
  if (text.size() == 1)
    return is_rare_mark(text[0]) ? std::optional(Literal{text, false, false})
                                 : std::nullopt;
  if (required.is_exact) return Literal{text, false, false};
  const std::string part = ascii_part(text);
  if (part.size() < 2) return std::nullopt;
  return Literal{part, true, has_double(part)};
}

double frequency(const std::vector<Literal>& set) {
  double sum = 0;
  for (const auto& literal : set)
    sum += LiteralSearch(literal.text, literal.ignore_case).frequency();
  return sum;
}

}  // namespace

std::optional<std::string> plain_text(std::string_view pattern) {
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\') {
      if (++i == pattern.size()) return std::nullopt;
      c = pattern[i];
      const bool mark = static_cast<unsigned char>(c) < 0x80 && c > ' ' &&
                        c != '_' && !(c >= '0' && c <= '9') &&
                        !(lower(c) >= 'a' && lower(c) <= 'z');
      if (!mark) return std::nullopt;
    } else if (kOperators.find(c) != kOperators.npos) {
      return std::nullopt;
    }
    text += c;
  }
  return text;
}

std::string quoted(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '\0') {
      made += "\\x00";
      continue;
    }
    if (kOperators.find(c) != kOperators.npos) made += '\\';
    made += c;
  }
  return made;
}

bool is_exact(std::string_view text, bool ignore_case) {
  if (text.find('\n') != text.npos) return false;
  if (!base::is_utf8(text)) return !ignore_case;
  return !ignore_case || (is_ascii(text) && lowered(text).find_first_of("ks") ==
                                                std::string::npos);
}

std::vector<std::vector<Literal>> literals_of(std::string_view expression,
                                              bool ignore_case) {
  std::vector<std::vector<Literal>> sets;
  for (const auto& required :
       base::required_literals(expression, {.ignore_case = ignore_case})) {
    std::vector<Literal> set;
    bool whole = true;
    for (const auto& one : required) {
      auto literal = literal_of(one);
      whole = whole && literal;
      if (literal && std::ranges::find(set, *literal) == set.end())
        set.push_back(std::move(*literal));
    }
    if (whole && !set.empty()) sets.push_back(std::move(set));
  }
  return sets;
}

const std::vector<Literal>* best_set(const Requirement& requirement) {
  const std::vector<Literal>* best = nullptr;
  for (const auto& set : requirement.sets)
    if (best == nullptr || frequency(set) < frequency(*best)) best = &set;
  return best;
}

}  // namespace query
