#pragma once
// What the text of a line must be like: patterns of RE2, which alone decides.
// Patterns see the child's bytes, no stamp, and no colour sequences unless
// asked. Literals that a pattern requires are found from RE2's own analysis and
// looked for first (requirement.h, line_finder.h). Linear time whatever the
// pattern. Immutable after compile(); threads that search a lot each take a
// clone(), since RE2 shares its states under a lock.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/literal_search.h"
#include "query/requirement.h"

namespace query {

struct TextQuery {
  std::vector<std::string> any{};   // one of them must match; none: every line
  std::vector<std::string> all{};   // each of these must match too
  std::vector<std::string> none{};  // and none of these
  bool ignore_case = false;
  bool smart_case = false;  // ... a pattern that has no upper-case letter
  bool fixed = false;       // patterns are literals
  bool word = false;        // a match has no word character at either side
  bool whole_line = false;
  bool invert = false;  // lines that `any` and `all` refuse
  bool bytes = false;   // colour sequences are part of the text
};

struct Span {
  size_t begin = 0;
  size_t end = 0;
  bool operator==(const Span&) const = default;
};

class Pattern {
 public:
  // Errc::Invalid for a pattern that RE2 refuses, or that would need too much
  // memory; the message has the pattern and a caret under the place.
  static base::Result<Pattern> compile(const TextQuery& query);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();
  Pattern clone() const;

  const TextQuery& query() const;
  bool takes_all() const;  // no `any`, `all`, invert: matches() is true

  // Whether a line's text satisfies `any` and `all`, inverted when asked.
  bool matches(std::string_view text) const;
  // Whether one of `none` matches.
  bool excludes(std::string_view text) const;
  // The matches of `any` in `text`, left to right, not overlapping, none empty;
  // of an inverted query there are none.
  void find_spans(std::string_view text, std::vector<Span>& into) const;

  // Of matches(), not of excludes(). Empty when inverted.
  const Requirement& requirement() const;

  // Where matches() is whether one of these stands in the text, all of one
  // case: then nobody need ask RE2. Empty: it is not so.
  const std::vector<LiteralSearch>& literals() const;
  // One expression for `any`, of RE2; empty: there is none, or more than that
  // decides. ^ and $ are those of a line.
  const std::string& expression() const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

// `text` as patterns see it: without SGR sequences unless `bytes`, and without
// a '\r' at its end. `scratch` holds it where that takes a copy.
std::string_view seen_text(std::string_view text, bool bytes,
                           std::string& scratch);

}  // namespace query
