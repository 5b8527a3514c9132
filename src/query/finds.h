#pragma once
// What a line finder (line_finder.h) hops to in a buffer: the next literal, any
// of some literals, run of classes, escape; each remembers the place that it
// found last. One thread each.

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <string_view>

#include "query/class_run.h"
#include "query/literal_search.h"
#include "query/literal_set.h"
#include "store/line.h"

namespace query {

inline constexpr char kEscape = '\x1b';

// The next place in the buffer of something, remembered until one is past it.
template <class Find>
struct Ahead {
  Find find;
  size_t at = 0;
  bool known = false;
  size_t next(std::string_view buffer, size_t from) {
    if (!known || (at != std::string_view::npos && at < from)) {
      at = find(buffer, from);
      known = true;
    }
    return at;
  }
};
using FindAny = size_t (*)(std::string_view, size_t);

inline size_t find_escape(std::string_view buffer, size_t from) {
  return buffer.find(kEscape, from);
}

inline size_t find_unicode(std::string_view buffer, size_t from) {
  return buffer.find("\\u", from);
}

struct FindLiteral {
  LiteralSearch search;
  // Of a single byte: what may stand before it. Borrowed; null: anything.
  const std::bitset<256>* before = nullptr;
  // Looks for escapes on the way: then it is over as soon as one was seen.
  bool watches = false;
  bool seen = false;

  size_t operator()(std::string_view buffer, size_t from) {
    size_t at = find(buffer, from);
    while (before != nullptr && at != std::string_view::npos &&
           !may_be_at(buffer, at))
      at = find(buffer, at + 1);
    return at;
  }
  size_t find(std::string_view buffer, size_t from) {
    return watches ? search.find_unless(buffer, from, kEscape, seen)
                   : search.find(buffer, from);
  }
  bool may_be_at(std::string_view buffer, size_t at) const {
    if (at == 0) return false;
    // A stamp may lie within the text, `Z ` or `Z",`, if it isn't before it.
    const size_t near = at - std::min<size_t>(at, 3);
    const bool begins_text = at == store::kPrefixSize ||
                             (at > store::kPrefixSize &&
                              buffer[at - store::kPrefixSize - 1] == '\n');
    if (!begins_text &&
        buffer.substr(near, at - near).find('Z') != std::string_view::npos)
      return true;
    return (*before)[static_cast<unsigned char>(buffer[at - 1])];
  }
};

struct FindRun {
  ClassRun run;
  size_t operator()(std::string_view buffer, size_t from) const {
    return run.find(buffer, from);
  }
};

struct FindOneOf {
  LiteralSet set;
  bool watches = false;
  bool seen = false;
  size_t operator()(std::string_view buffer, size_t from) {
    return watches ? set.find_unless(buffer, from, kEscape, seen)
                   : set.find(buffer, from);
  }
};

}  // namespace query
