#pragma once
// Where the lines that were found go. A printer sees them in order, long lines
// in several pieces, and knows nothing of files.

#include <string_view>

#include "query/query.h"
#include "store/events.h"
#include "store/live_reader.h"

namespace query {

class Printer {
 public:
  virtual ~Printer() = default;
  // The pieces of a line follow each other with no other line between, unless
  // settle() was called.
  virtual void piece(const Origin& origin, const store::Piece& piece) = 0;
  // Answers whether it is shown: some events only tell printers something.
  virtual bool event(const Origin& origin, const store::Event& event) = 0;
  // Nothing more for now: what was given should be seen.
  virtual void settle() = 0;
  // Whether it keeps back what may go on. Who gives it lines as they come then
  // calls release() now and then: what has got nothing since the last time is
  // shown.
  virtual bool holds() const { return false; }
  virtual void release() {}
  // False when nobody reads any more.
  virtual bool wants_more() const = 0;
  // Said before the first piece of a line, when it is not a match: a line of
  // its context. Without a word it is what was asked for.
  virtual void next_is_context() {}
  // Lines of that origin were passed over before the next: none that counts.
  virtual void passed_over(const Origin& origin) { (void)origin; }
  // Lines were left out between what was printed and what comes next.
  virtual void gap() {}
  // Columns that the longest label takes.
  virtual void widen(size_t label_width) { (void)label_width; }
};

}  // namespace query
