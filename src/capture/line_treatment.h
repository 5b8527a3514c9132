#pragma once
// What is taken out of a line before it is kept: sequences that only a terminal
// understands, and what the user wants nobody to read. Views go in and come
// out; what had to be changed lies in a buffer that is used again and again.
// Inside capture, the formatter's alone.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/result.h"

namespace capture {

// Takes out whole escape sequences of ECMA-48, 7-bit or as the C1 controls of
// UTF-8: CSI (colours), OSC (titles, links) and its like, and the short ones.
// What is no whole sequence stays as it is.
class AnsiStripper {
 public:
  // Valid until the next call; `text` itself where there was nothing to take.
  std::string_view strip(std::string_view text);

 private:
  std::string stripped_;
};

// Replaces what matches by `[redacted]`, all over a line. All patterns see the
// line as it came; matches that overlap are replaced together, empty ones are
// none.
class Redactor {
 public:
  // Errc::Invalid, with the pattern.
  static base::Result<Redactor> make(const std::vector<std::string>& patterns);

  static constexpr std::string_view kRedacted = "[redacted]";
  // A line that would grow beyond this has all from its first match to its last
  // replaced together.
  static constexpr size_t kMostGrown = size_t{192} << 10;

  // As strip(). Adds to `count` how many matches there were.
  std::string_view redact(std::string_view text, uint64_t& count);

 private:
  explicit Redactor(std::vector<base::Regex> patterns)
      : patterns_(std::move(patterns)) {}
  void find_all(std::string_view text);

  std::vector<base::Regex> patterns_;
  std::vector<base::Regex::Match> matches_;  // in order, none overlaps
  std::string redacted_;
};

}  // namespace capture
