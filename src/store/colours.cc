#include "store/colours.h"

namespace store {
namespace {

// Bytes of the SGR sequence at `at`, 0 when there is none.
size_t sequence_size(std::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '\x1b' || text[at + 1] != '[')
    return 0;
  for (size_t i = at + 2; i < text.size(); ++i) {
    const char c = text[i];
    if (c == 'm') return i + 1 - at;
    if ((c < '0' || c > '9') && c != ';' && c != ':') return 0;
  }
  return 0;
}

}  // namespace

std::string_view without_colours(std::string_view text, std::string& scratch) {
  size_t escape = text.find('\x1b');
  if (escape == text.npos) return text;
  scratch.clear();
  size_t begin = 0;
  while (escape != text.npos) {
    const size_t size = sequence_size(text, escape);
    if (size == 0) {
      escape = text.find('\x1b', escape + 1);
      continue;
    }
    scratch.append(text, begin, escape - begin);
    begin = escape + size;
    escape = text.find('\x1b', begin);
  }
  if (begin == 0) return text;
  scratch.append(text, begin);
  return scratch;
}

std::vector<size_t> places_without_colours(std::string_view text) {
  std::vector<size_t> places;
  for (size_t at = 0; at < text.size();) {
    if (const size_t size = sequence_size(text, at); size > 0) {
      at += size;
      continue;
    }
    places.push_back(at++);
  }
  places.push_back(text.size());
  return places;
}

}  // namespace store
