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

// Nothing in the pattern can stand for a letter of another case: no class, no
// flag, no escape but of a mark.
bool is_verbatim(std::string_view pattern) {
  if (pattern.find('[') != pattern.npos || pattern.find("(?") != pattern.npos)
    return pattern.find('[') == pattern.npos &&
           pattern.find("(?i") == pattern.npos &&
           pattern.find("(?s") == pattern.npos &&
           pattern.find("(?m") == pattern.npos &&
           pattern.find("(?U") == pattern.npos &&
           pattern.find("(?-") == pattern.npos;
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    const char c = pattern[++i];
    // \d \w \s \b and their like stand for no letters of a literal.
    if (c == 'x' || c == 'p' || c == 'P' || c == 'Q' || c == 'C') return false;
  }
  return true;
}

// The one way in which `pattern` has `atom`, which is in lower case.
std::optional<std::string> case_of(const std::string& atom,
                                   std::string_view pattern) {
  const std::string folded = lowered(pattern);
  std::optional<std::string> found;
  for (size_t at = folded.find(atom); at != folded.npos;
       at = folded.find(atom, at + 1)) {
    const std::string here(pattern.substr(at, atom.size()));
    if (found && *found != here) return std::nullopt;
    found = here;
  }
  return found;
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

std::optional<Literal> literal_of(const std::string& atom,
                                  std::string_view source, bool ignore_case,
                                  bool verbatim) {
  if (atom.size() == 1)
    return is_rare_mark(atom[0]) ? std::optional(Literal{atom, false, false})
                                 : std::nullopt;
  if (!ignore_case && verbatim)
    if (auto exact = case_of(atom, source))
      return Literal{*exact, false, false};
  const std::string text = ascii_part(atom);
  if (text.size() < 2) return std::nullopt;
  return Literal{text, true, has_double(text)};
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
                                              std::string_view source,
                                              bool ignore_case, bool fixed) {
  std::vector<std::vector<Literal>> sets;
  const bool verbatim = fixed || is_verbatim(source);
  for (const auto& atoms :
       base::required_literals(expression, {.ignore_case = ignore_case})) {
    std::vector<Literal> set;
    bool whole = true;
    for (const auto& atom : atoms) {
      auto literal = literal_of(atom, source, ignore_case, verbatim);
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
