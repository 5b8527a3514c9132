#pragma once
// Where lines go on their way from the filter to a printer: each whole, and
// each said to be a match or not. What becomes of those that are none (context,
// left out) is decided behind this door, so a filter need not know of context
// and limits. Stages stand in a row, each before the next; one thread.

#include <optional>
#include <string_view>

#include "query/hits.h"
#include "query/query.h"
#include "store/events.h"

namespace query {

struct FoundLine {
  std::optional<base::Timestamp> time;
  std::string_view text;  // the child's bytes, all of them; valid for the call
  bool ends = true;       // '\n' followed
  bool match = true;
  bool begins = true;  // a match: false in a record behind its first line
  HitPlace place{};    // in its history; where a sieve was told to ask
};

class LineSink {
 public:
  virtual ~LineSink() = default;
  // In order; `origin` outlives this. Where needs_others(), every line of every
  // origin comes here: how far a line is from a match is counted over both
  // streams of an instance, which no filter of one file can know.
  virtual void line(const Origin& origin, const FoundLine& line) = 0;
  virtual void event(const Origin& origin, const store::Event& event) = 0;
  // Nothing more for now: what was given should be seen.
  virtual void settle() = 0;
  // False when nothing that may still come would be shown.
  virtual bool wants_more() const = 0;
  // Whether lines that don't match are of any use; the same for its whole life.
  virtual bool needs_others() const = 0;
  // Lines that follow the last match are still to be shown.
  virtual bool owes_context() const = 0;
};

}  // namespace query
