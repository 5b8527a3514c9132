#pragma once
// Finds a literal in a buffer: its two rarest bytes, as far as logs go, are
// looked for 32 at a time, and only where both stand, and a third one, is the
// rest compared (the "packed pair" of Rust's memchr crate). With
// AVX2 where the processor has it, else SSE2 or NEON. Immutable; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace query {

class LiteralSearch {
 public:
  // `ignore_case`: ASCII letters of either case. Not empty.
  LiteralSearch(std::string literal, bool ignore_case);

  // Where it begins first, at `from` or later; npos: nowhere.
  size_t find(std::string_view buffer, size_t from) const;
  static constexpr size_t npos = std::string_view::npos;
  // The same, and looks for `mark` on the way: `seen` when one stands from
  // `from` on up to the place found, or somewhat behind it. Then the answer is
  // npos, which says nothing.
  size_t find_unless(std::string_view buffer, size_t from, char mark,
                     bool& seen) const;
  // Whether that takes no longer than find().
  static bool marks_are_free();

  const std::string& literal() const { return literal_; }
  bool ignores_case() const { return fold_; }
  // How often it is to be expected: the less the better to search for.
  double frequency() const { return frequency_; }
  // Whether it stands here, where as many bytes as it has must be.
  bool is_at(const char* at) const;

 private:
  friend struct PairSearch;

  std::string literal_;  // lower case when case is ignored
  bool fold_;
  size_t first_ = 0;             // offsets in it of the two bytes, ascending
  size_t second_ = 0;            // the same for a literal of one byte
  size_t third_ = 0;             // the next, if there is; else the second
  unsigned char masks_[3] = {};  // what is or-ed to a byte before comparing
  double frequency_ = 1;
};

// How often a byte stands in logs, of 1000; `fold`: in either case.
unsigned byte_frequency(char c, bool fold);

// The first byte of 0x80 or more at `from` or later; npos: none.
size_t find_high_byte(std::string_view buffer, size_t from);

}  // namespace query
