#pragma once
// What every line that a query wants must hold, as far as literals tell: enough
// to pass over frames and lines without asking the query itself. It never
// refuses a line that the query would take. Plain data; any thread.

#include <string>
#include <vector>

#include "store/archive_reader.h"

namespace query {

struct Literal {
  std::string text;          // in the child's bytes, colour sequences left out
  bool ignore_case = false;  // ASCII letters of either case
  // In a line with bytes of 0x80 or more it need not be there: U+212A matches
  // `(?i)k`, U+017F `(?i)s`.
  bool ascii_lines_only = false;
  // In a line with `\u` it need not be there: that writes any character.
  bool unless_escaped = false;
  bool operator==(const Literal&) const = default;
};

struct Requirement {
  // Of each set, one literal is in every line that matches. No set: nothing is
  // known. An empty set: no line matches.
  std::vector<std::vector<Literal>> sets;
  // Colour sequences (SGR) may stand within a literal.
  bool through_colours = true;

  bool is_empty() const { return sets.empty(); }
  void add(const Requirement& other);  // both are required

  // Clears frames[i] where no line of frame i can match.
  base::Status narrow(store::ArchiveReader& archive,
                      std::vector<bool>& frames) const;
};

}  // namespace query
