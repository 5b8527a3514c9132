#include "query/bytes_before.h"

#include "query/byte_row.h"

namespace query {
using Bytes = std::bitset<256>;

std::optional<std::bitset<256>> bytes_before(std::string_view source, char mark,
                                             bool ignore_case) {
  const auto row = byte_row(source);
  if (!row) return std::nullopt;
  Bytes wanted;
  wanted.set(static_cast<unsigned char>(mark));
  for (size_t i = 1; i < row->size(); ++i) {
    if ((*row)[i].bytes != wanted || (*row)[i].least == 0) continue;
    if ((*row)[i - 1].least == 0) return std::nullopt;
    Bytes before = (*row)[i - 1].bytes;
    if (ignore_case) {
      for (unsigned char c = 'a'; c <= 'z'; ++c)
        if (before[c] || before[c & 0xDF]) before.set(c).set(c & 0xDF);
      for (size_t b = 0x80; b < before.size(); ++b) before.set(b);
    }
    // Repeated, it stands before itself.
    return before | wanted;
  }
  return std::nullopt;
}

}  // namespace query
