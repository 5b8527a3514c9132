#pragma once
// RE2 behind our own word, so that its headers (and the change of its string
// type between releases) stay in one file. Linear time whatever the pattern,
// and bounded memory: a pattern that would need more is refused.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

struct RegexOptions {
  bool ignore_case = false;
  bool literal = false;  // the pattern is text
  // For buffers of many lines: ^ and $ are those of lines, and no match has a
  // '\n' in it.
  bool lines = false;
};

// Immutable after compile(); matching is thread-safe. (Threads that match a lot
// should have one each: they share states under a lock.)
class Regex {
 public:
  // Errc::Invalid with RE2's own words for a bad pattern, which the message
  // shows on a line of its own with a caret under the place.
  static Result<Regex> compile(std::string_view pattern,
                               const RegexOptions& options = {});
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  bool contains(std::string_view text) const;  // matches anywhere

  struct Match {
    size_t begin = 0;
    size_t end = 0;
  };
  // The first match that begins at `from` or later; what is before `from` is
  // still seen by `^` and `\b`. With `group`, the place of that group in it.
  std::optional<Match> find(std::string_view text, size_t from = 0,
                            int group = 0) const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct RequiredLiteral {
  std::string text;
  // As it stands in what matches. Else in lower case, and what matches may have
  // it in any.
  bool is_exact = false;
};

// Literals without which a pattern can't match, by RE2's own analysis
// (FilteredRE2): of each set, one stands in whatever matches. Single characters
// are told only where nothing longer is required. None: nothing is required.
std::vector<std::vector<RequiredLiteral>> required_literals(
    std::string_view pattern, const RegexOptions& options = {});

}  // namespace base
