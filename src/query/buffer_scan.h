#pragma once
// Candidate lines of a buffer for a pattern without a literal to look for: the
// lines' text, without stamps and colours, is put together and scanned as a
// whole, by Hyperscan where that is installed, else by RE2. What it finds is
// to be confirmed; what it passes over can't match. One thread each.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/line_finder.h"

namespace query {

class BufferScan {
 public:
  // Null for a pattern that is better asked line by line: one that is anchored,
  // or means the begin or end of a text by \A or \z, or is no one expression.
  // Hyperscan is loaded once `worth` bytes were scanned: it takes its time.
  static std::unique_ptr<BufferScan> make(const Pattern& pattern,
                                          size_t worth = size_t{8} << 20);
  ~BufferScan();

  // Borrowed until the next call.
  void set_buffer(std::string_view buffer, LineForm form);
  // The next candidate from the line that begins at `from` on, as it is in the
  // buffer.
  bool next(size_t from, Span& line);

 private:
  struct Engines;
  struct Line {
    size_t begin = 0;  // in the buffer
    size_t end = 0;
    size_t text_end = 0;  // in the text
  };
  explicit BufferScan(std::unique_ptr<Engines> engines);
  void scan();
  bool scan_fast();
  size_t note(size_t at);

  std::unique_ptr<Engines> engines_;
  std::string text_;
  std::vector<Line> lines_;
  std::vector<size_t> found_;  // in lines_, ascending
  size_t noted_ = 0;           // lines_ before it are noted or passed
  size_t next_ = 0;            // in found_
};

}  // namespace query
