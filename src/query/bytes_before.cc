#include "query/bytes_before.h"

#include <algorithm>
#include <vector>

namespace query {
namespace {

constexpr std::string_view kOperators = "\\.+*?()|[]{}^$";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

using Bytes = std::bitset<256>;

// Reads an expression as characters and classes in a row, each so many times.
class Row {
 public:
  struct Item {
    Bytes bytes;
    bool required = true;  // once at least
  };
  explicit Row(std::string_view source) : rest_(source) {}

  // False: it is something else.
  bool read(std::vector<Item>& items) {
    while (!rest_.empty()) {
      Item item;
      if (!read_bytes(item.bytes) || !read_count(item.required)) return false;
      items.push_back(item);
    }
    return true;
  }

 private:
  char take() {
    const char c = rest_.empty() ? '\0' : rest_.front();
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  static void add(Bytes& bytes, unsigned char first, unsigned char last) {
    for (unsigned b = first; b <= last; ++b) bytes.set(b);
  }
  // Behind a '\\'. `one`: which it is, when it is a single one.
  bool read_escape(Bytes& bytes, std::optional<char>& one) {
    const char c = take();
    if (c == 'd' || c == 'w') add(bytes, '0', '9');
    if (c == 'w') {
      add(bytes, 'a', 'z');
      add(bytes, 'A', 'Z');
      bytes.set('_');
    }
    if (c == 'd' || c == 'w') return true;
    const bool is_mark = c > ' ' && c < '\x7f' && c != '_' &&
                         !(c >= '0' && c <= '9') && !is_letter(c);
    if (!is_mark) return false;
    one = c;
    bytes.set(static_cast<unsigned char>(c));
    return true;
  }
  bool read_class(Bytes& bytes) {
    if (rest_.starts_with('^')) return false;
    for (bool first = true;; first = false) {
      const char c = take();
      if (c == ']' && !first) return true;
      // ("[]" and "[[:" are others' matter.)
      if (c == ']' || c < ' ' || (c == '[' && rest_.starts_with(':')))
        return false;
      std::optional<char> one = c;
      if (c == '\\') {
        one.reset();
        if (!read_escape(bytes, one)) return false;
      } else {
        bytes.set(static_cast<unsigned char>(c));
      }
      if (rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') continue;
      take();
      const char last = take();
      if (!one || last == '\\' || last == '[' || last < *one) return false;
      add(bytes, static_cast<unsigned char>(*one),
          static_cast<unsigned char>(last));
    }
  }
  bool read_bytes(Bytes& bytes) {
    const char c = take();
    std::optional<char> one;
    if (c == '\\') return read_escape(bytes, one);
    if (c == '[') return read_class(bytes);
    // (What is no ASCII is taken for no character of a row either.)
    if (c < ' ' || c == '\x7f' || kOperators.find(c) != kOperators.npos)
      return false;
    bytes.set(static_cast<unsigned char>(c));
    return true;
  }
  bool read_count(bool& required) {
    const char c = rest_.empty() ? '\0' : rest_.front();
    if (c != '+' && c != '*' && c != '?' && c != '{') return true;
    take();
    required = c == '+';
    if (c == '{') {
      const auto end = rest_.find('}');
      const auto most = rest_.substr(0, std::min(end, rest_.size()));
      if (end == rest_.npos || most.empty() ||
          most.find_first_not_of("0123456789,") != most.npos || most[0] == ',')
        return false;
      required = most[0] != '0';
      rest_.remove_prefix(end + 1);
    }
    if (rest_.starts_with('?')) take();  // as few as possible
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::bitset<256>> bytes_before(std::string_view source, char mark,
                                             bool ignore_case) {
  std::vector<Row::Item> items;
  if (!Row(source).read(items)) return std::nullopt;
  Bytes wanted;
  wanted.set(static_cast<unsigned char>(mark));
  for (size_t i = 1; i < items.size(); ++i) {
    if (items[i].bytes != wanted || !items[i].required) continue;
    if (!items[i - 1].required) return std::nullopt;
    Bytes before = items[i - 1].bytes;
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
