#pragma once
// RE2's analysis of what a pattern requires answers in lower case. So that the
// case of its literals is not lost there, the analysis is given the pattern
// with characters in place of the capitals, and of all that are not ASCII,
// that are in no case: what it answers is then read back. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

class CaseMarks {
 public:
  // Of an RE2 expression in UTF-8 that heeds case. Nothing where what has a
  // case can't be told from what the expression says: flags that ignore it,
  // escapes for letters (`\x41`, `\pL`), classes that are not of ASCII, ranges
  // from a capital to something else.
  static std::optional<CaseMarks> make(std::string_view expression);

  // Means the same of text marked alike.
  const std::string& marked() const { return marked_; }
  // The text that a literal of the marked expression stands for.
  std::string unmarked(std::string_view literal) const;

 private:
  friend class CaseMarker;
  std::string marked_;
  std::vector<std::string> originals_;  // by mark
};

}  // namespace base
