#include "query/json_scan.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/json.h"

namespace query {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;
// A prefix with more braces than that is no prefix.
constexpr int kMostStarts = 4;

// High bits where bytes of `word` are `c`; those above the first may be wrong.
uint64_t bytes_equal(uint64_t word, char c) {
  const uint64_t x = word ^ (kOnes * static_cast<unsigned char>(c));
  return (x - kOnes) & ~x & kHighs;
}

// The first '"' or '\\' from `at` on.
size_t find_mark(std::string_view text, size_t at) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= text.size(); at += 8) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      const uint64_t hit = bytes_equal(word, '"') | bytes_equal(word, '\\');
      if (hit != 0) return at + static_cast<size_t>(std::countr_zero(hit)) / 8;
    }
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Four hexadecimal digits; false when they are none.
bool read_hex(std::string_view text, size_t at, uint32_t& code) {
  if (at + 4 > text.size()) return false;
  code = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    code = code << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

// `\uXXXX` at `at`, with its other half where there is one; the bytes it took,
// 0 when it is none.
size_t undo_unicode(std::string_view text, size_t at, std::string& into) {
  uint32_t code = 0;
  if (!read_hex(text, at + 2, code)) return 0;
  uint32_t low = 0;
  if (code >= 0xD800 && code < 0xDC00 && at + 7 < text.size() &&
      text[at + 6] == '\\' && text[at + 7] == 'u' &&
      read_hex(text, at + 8, low) && low >= 0xDC00 && low < 0xE000) {
    base::append_utf8(into, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
    return 12;
  }
  // Half a pair is no character.
  base::append_utf8(into, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  return 6;
}

}  // namespace

void JsonScan::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

bool JsonScan::take(char c) {
  skip_blanks();
  if (peek() != c || ended()) return false;
  ++at_;
  return true;
}

bool JsonScan::take_string(std::string_view& inside) {
  skip_blanks();
  if (peek() != '"') return false;
  const size_t begin = at_ + 1;
  for (size_t at = find_mark(text_, begin); at < text_.size();
       at = find_mark(text_, at)) {
    if (text_[at] == '"') {
      inside = text_.substr(begin, at - begin);
      at_ = at + 1;
      return true;
    }
    at += 2;
    if (at >= text_.size()) break;
  }
  at_ = text_.size();
  return false;
}

bool JsonScan::take_value(std::string_view& value) {
  skip_blanks();
  const size_t begin = at_;
  std::string_view inside;
  if (peek() == '"') {
    if (!take_string(inside)) return false;
    value = text_.substr(begin, at_ - begin);
    return true;
  }
  size_t depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      if (!take_string(inside)) return false;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    const bool closes = c == '}' || c == ']';
    if (depth == 0 && (closes || c == ',' || is_blank(c))) break;
    ++at_;
    if (closes && --depth == 0) break;
  }
  value = text_.substr(begin, at_ - begin);
  return depth == 0 && !value.empty();
}

std::string undo_escapes(std::string_view inside) {
  std::string text;
  text.reserve(inside.size());
  for (size_t at = 0; at < inside.size();) {
    const size_t next = std::min(inside.find('\\', at), inside.size());
    text.append(inside, at, next - at);
    at = next;
    if (at + 1 >= inside.size()) {
      text.append(inside, at);
      break;
    }
    constexpr std::string_view from = "nrtbf\"\\/";
    constexpr std::string_view to = "\n\r\t\b\f\"\\/";
    const char c = inside[at + 1];
    if (const auto which = from.find(c); which != from.npos) {
      text += to[which];
      at += 2;
      continue;
    }
    const size_t size = c == 'u' ? undo_unicode(inside, at, text) : 0;
    if (size == 0) text.append(inside, at, 2);
    at += size == 0 ? 2 : size;
  }
  return text;
}

std::string_view find_object(std::string_view line) {
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  if (line.empty()) return {};
  size_t at = 0;
  while (is_blank(line[at])) ++at;
  if (line[at] == '{') return line.substr(at);
  if (line.back() != '}') return {};
  for (int i = 0; i < kMostStarts; ++i) {
    at = line.find('{', at);
    if (at == line.npos) return {};
    JsonScan scan(line, at);
    std::string_view object;
    // With a member, or empty: `{x}` is none.
    JsonScan inside(line, at + 1);
    std::string_view name;
    const bool begins =
        inside.take('}') || (inside.take_string(name) && inside.take(':'));
    if (begins && scan.take_value(object) && scan.ended()) return object;
    ++at;
  }
  return {};
}

}  // namespace query
