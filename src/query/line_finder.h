#pragma once
// Matching lines of a buffer, found without looking at each line: a SIMD search
// for a literal that the query requires, else a scan of the whole buffer for
// the pattern, then RE2 on the one line. What is found is exactly what
// Pattern::matches() says of each line's text. One thread each.

#include <memory>
#include <string_view>

#include "query/pattern.h"

namespace query {

// How a file has its lines.
enum class LineForm { Stamped, Plain };  // Plain: the child's bytes alone

class LineFinder {
 public:
  // `other`: what the rest of the query requires (fields, levels); lines that
  // lack it may be passed over.
  LineFinder(const Pattern& pattern, const Requirement& other);
  ~LineFinder();
  LineFinder(LineFinder&&) noexcept;

  // Whole lines; the last may lack its '\n'. Borrowed until the next call.
  void set_buffer(std::string_view buffer, LineForm form);
  // The next line from `from` on, which is the beginning of a line: offsets of
  // the line as it is in the buffer, without '\n'. False: there is none.
  bool next(size_t from, Span& line);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace query
