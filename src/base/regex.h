#pragma once
// RE2 behind our own word, so that its header (and the change of its string
// type between releases) stays in one file. Linear time whatever the pattern.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// Immutable after compile(); matching is thread-safe.
class Regex {
 public:
  // Errc::Invalid with RE2's own words for a bad pattern.
  static Result<Regex> compile(std::string_view pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  bool contains(std::string_view text) const;  // matches anywhere

  struct Match {
    size_t begin = 0;
    size_t end = 0;
  };
  // The first match that begins at `from` or later; what is before `from` is
  // still seen by `^` and `\b`.
  std::optional<Match> find(std::string_view text, size_t from = 0) const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
