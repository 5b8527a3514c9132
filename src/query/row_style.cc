#include "query/row_style.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace query {
namespace {

constexpr size_t kLongestSgr = 64;

void escape(char byte, std::string& into) {
  fmt::format_to(std::back_inserter(into), "\\x{:02x}",
                 static_cast<unsigned char>(byte));
}

// Length of the colour sequence ESC [ digits ; : ... m at the front; 0: it is
// none; npos: cut short.
size_t sgr_length(std::string_view bytes) {
  if (bytes.size() > 1 && bytes[1] != '[') return 0;
  for (size_t i = 2; i < bytes.size() && i < kLongestSgr; ++i) {
    const char c = bytes[i];
    if (c == 'm') return i + 1;
    if ((c < '0' || c > '9') && c != ';' && c != ':') return 0;
  }
  return bytes.size() < kLongestSgr ? bytes.npos : 0;
}

// Length of the printable UTF-8 character at the front, first byte >= 0x80;
// 0: not one, or a C1 control; npos: cut short.
size_t character_length(std::string_view bytes) {
  const auto at = [&](size_t i) {
    return static_cast<unsigned char>(bytes[i]);
  };
  size_t size = 0;
  if (at(0) >= 0xC2 && at(0) <= 0xDF) size = 2;
  if (at(0) >= 0xE0 && at(0) <= 0xEF) size = 3;
  if (at(0) >= 0xF0 && at(0) <= 0xF4) size = 4;
  if (size == 0) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (i == bytes.size()) return bytes.npos;
    unsigned char low = 0x80, high = 0xBF;
    if (i == 1) {
      if (at(0) == 0xC2) low = 0xA0;
      if (at(0) == 0xE0) low = 0xA0;
      if (at(0) == 0xED) high = 0x9F;
      if (at(0) == 0xF0) low = 0x90;
      if (at(0) == 0xF4) high = 0x8F;
    }
    if (at(i) < low || at(i) > high) return 0;
  }
  return size;
}

// The character that `bytes`, which are one, encode in two bytes or more.
char32_t decode(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  char32_t code = first & (0xFFu >> (bytes.size() + 1));
  for (const char c : bytes.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return code;
}

// Characters that are not seen, or change where others are: a line with them
// reads otherwise than it is. Joiners (U+200C, U+200D) are seen in what they
// join, but only there, and a log need not be beautiful.
bool deceives(char32_t c) {
  return c == 0xAD || c == 0x61C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

// As `\u202e`, and beyond four digits as `\U000e0041`.
void append_code(char32_t code, std::string& into) {
  const auto number = static_cast<uint32_t>(code);
  if (number > 0xFFFF)
    fmt::format_to(std::back_inserter(into), "\\U{:08x}", number);
  else
    fmt::format_to(std::back_inserter(into), "\\u{:04x}", number);
}

// Whether a colour sequence asks for text that blinks (5, 6) or isn't seen (8).
// The numbers behind 38, 48 and 58 are colours (ISO 8613-6).
bool hides(std::string_view sequence) {
  auto rest = sequence.substr(2, sequence.size() - 3);
  const auto next = [&] {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto number = rest.substr(0, std::min(rest.find(':'), end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return number.substr(
        std::min(number.find_first_not_of('0'), number.size()));
  };
  while (!rest.empty()) {
    const bool alone = rest.find(':') >= rest.find(';');
    const auto number = next();
    if (number == "5" || number == "6" || number == "8") return true;
    if (!alone || (number != "38" && number != "48" && number != "58"))
      continue;
    const auto kind = next();
    for (int left = kind == "2" ? 3 : kind == "5" ? 1 : 0; left > 0; --left)
      next();
  }
  return false;
}

bool is_reset(std::string_view sequence) {
  return sequence == "\x1b[m" || sequence == kReset;
}

}  // namespace

std::string_view label_colour(std::string_view app) {
  constexpr std::array<std::string_view, 6> kColours = {
      "\x1b[36m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[33m", "\x1b[96m"};
  unsigned hash = 2166136261u;
  for (const char c : app)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return kColours[hash % kColours.size()];
}

void Sanitizer::take_colour(std::string_view sequence, std::string& into) {
  if (!colours_) return;
  coloured_ = true;
  // Of a text that never resets, the last ones are enough.
  if (is_reset(sequence) || colour_.size() > kLongestSgr) colour_.clear();
  if (!is_reset(sequence)) colour_.append(sequence);
  if (in_match_) return;
  into.append(sequence);
  if (is_reset(sequence)) into.append(style_);
}

// Answers how many bytes were taken; fewer than all when the rest may be the
// beginning of something, and more is to come.
size_t Sanitizer::take(std::string_view bytes, bool last, std::string& into) {
  size_t i = 0;
  while (i < bytes.size()) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if ((c >= 0x20 && c < 0x7F) || c == '\t') {
      into += bytes[i++];
      continue;
    }
    size_t length = 0;
    if (c == 0x1B) length = sgr_length(bytes.substr(i));
    if (c >= 0x80) length = character_length(bytes.substr(i));
    if (length == bytes.npos && !last) return i;
    const bool is_sequence = c == 0x1B && length != bytes.npos && length > 0;
    if (length == 0 || length == bytes.npos ||
        (is_sequence && hides(bytes.substr(i, length)))) {
      escape(bytes[i++], into);
      continue;
    }
    const auto whole = bytes.substr(i, length);
    i += length;
    if (c == 0x1B) {
      take_colour(whole, into);
      continue;
    }
    const char32_t code = decode(whole);
    if (deceives(code))
      append_code(code, into);
    else
      into.append(whole);
  }
  return i;
}

void Sanitizer::begin(bool colours, std::string_view style) {
  colours_ = colours;
  style_ = style;
}

void Sanitizer::add(std::string_view bytes, std::string& into) {
  if (!kept_.empty()) {
    kept_.append(bytes);
    const std::string all = std::move(kept_);
    kept_.assign(all.substr(take(all, false, into)));
    return;
  }
  kept_.assign(bytes.substr(take(bytes, false, into)));
}

void Sanitizer::flush_kept(std::string& into) {
  take(std::string(std::exchange(kept_, {})), true, into);
}

void Sanitizer::begin_match(std::string& into) {
  flush_kept(into);
  if (!colour_.empty()) into.append(kReset);
  into.append(kMatch);
  in_match_ = true;
}

void Sanitizer::end_match(std::string& into) {
  flush_kept(into);
  in_match_ = false;
  into.append(kReset);
  into.append(style_);
  into.append(colour_);
}

void Sanitizer::end(std::string& into) {
  flush_kept(into);
  if (coloured_) into.append(kReset);
  coloured_ = false;
  in_match_ = false;
  colour_.clear();
}

}  // namespace query
