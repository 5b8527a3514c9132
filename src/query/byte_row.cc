#include "query/byte_row.h"

#include <charconv>

namespace query {
namespace {

using Bytes = std::bitset<256>;

constexpr std::string_view kOperators = "\\.+*?()|[]{}^$";

// What is no ASCII is taken for no character of a row.
bool is_plain(char c) {
  return c >= ' ' && static_cast<unsigned char>(c) < 0x80;
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Reads an expression as characters and classes in a row, each so many times.
class Reader {
 public:
  explicit Reader(std::string_view source) : rest_(source) {}

  // False: it is something else.
  bool read(std::vector<RowItem>& items) {
    while (!rest_.empty()) {
      if (rest_.starts_with("\\b")) {  // takes no byte
        rest_.remove_prefix(2);
        continue;
      }
      RowItem item;
      if (!read_bytes(item.bytes) || !read_count(item)) return false;
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
      if (c == ']' || !is_plain(c) || (c == '[' && rest_.starts_with(':')))
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
      if (!one || !is_plain(last) || last == '\\' || last == '[' || last < *one)
        return false;
      add(bytes, static_cast<unsigned char>(*one),
          static_cast<unsigned char>(last));
    }
  }
  bool read_bytes(Bytes& bytes) {
    const char c = take();
    std::optional<char> one;
    if (c == '\\') return read_escape(bytes, one);
    if (c == '[') return read_class(bytes);
    if (!is_plain(c) || c == '\x7f' || kOperators.find(c) != kOperators.npos)
      return false;
    bytes.set(static_cast<unsigned char>(c));
    return true;
  }
  bool read_count(RowItem& item) {
    const char c = rest_.empty() ? '\0' : rest_.front();
    if (c != '+' && c != '*' && c != '?' && c != '{') return true;
    take();
    item.least = c == '+' ? 1 : 0;
    item.most = c == '?' ? 1 : kUnlimited;
    if (c == '{' && !read_range(item)) return false;
    if (rest_.starts_with('?')) take();  // as few as possible
    // (What is left out or repeated without a byte is others' matter.)
    return !rest_.starts_with('+') && !rest_.starts_with('*');
  }
  // "2}", "2,}", "2,5}"
  bool read_range(RowItem& item) {
    const auto end = rest_.find('}');
    if (end == rest_.npos) return false;
    const auto range = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    const auto comma = range.find(',');
    const auto first = range.substr(0, comma);
    if (!read_number(first, item.least)) return false;
    item.most = item.least;
    if (comma == range.npos) return true;
    item.most = kUnlimited;
    const auto last = range.substr(comma + 1);
    return last.empty() || read_number(last, item.most);
  }
  static bool read_number(std::string_view text, unsigned& number) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<RowItem>> byte_row(std::string_view source) {
  std::vector<RowItem> items;
  if (!Reader(source).read(items)) return std::nullopt;
  return items;
}

}  // namespace query
