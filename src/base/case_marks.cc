#include "base/case_marks.h"

#include <algorithm>

#include "base/json.h"

namespace base {
namespace {

// A plane of characters for private use, none of which has another case. Marks
// are all that is not ASCII in a marked expression: each is four bytes, the
// first two of these.
constexpr uint32_t kFirstMark = 0xF0000;
constexpr std::string_view kMarkBegins = "\xF3\xB0";
constexpr size_t kMarkSize = 4;
constexpr size_t kMostMarks = 4096;  // that begin so
constexpr size_t kCapitals = 26;

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

}  // namespace

// Goes through an expression once. Each step answers false where it gives up.
class CaseMarker {
 public:
  explicit CaseMarker(std::string_view from) : from_(from) {
    for (size_t i = 0; i < kCapitals; ++i)
      made_.originals_.emplace_back(1, static_cast<char>('A' + i));
  }

  std::optional<CaseMarks> run() {
    while (at_ < from_.size())
      if (!step()) return std::nullopt;
    return std::move(made_);
  }

 private:
  bool step() {
    const char c = from_[at_];
    if (c == '\\') return escape();
    if (c == '[') return char_class();
    if (from_.substr(at_).starts_with("(?")) return group();
    if (is_ascii(c)) {
      put_ascii();
      return true;
    }
    return mark_other();
  }

  void copy(size_t count) {
    made_.marked_ += from_.substr(at_, count);
    at_ += count;
  }
  void put_ascii() {
    const char c = from_[at_];
    if (!is_capital(c)) return copy(1);
    append_utf8(made_.marked_, kFirstMark + static_cast<uint32_t>(c - 'A'));
    ++at_;
  }

  bool mark_other() {
    size_t size = 1;
    while (at_ + size < from_.size() &&
           (static_cast<unsigned char>(from_[at_ + size]) & 0xC0) == 0x80)
      ++size;
    const auto character = from_.substr(at_, size);
    auto& known = made_.originals_;
    auto found = std::find(known.begin() + kCapitals, known.end(), character);
    if (found == known.end()) {
      if (known.size() == kMostMarks) return false;
      found = known.emplace(known.end(), character);
    }
    append_utf8(made_.marked_,
                kFirstMark + static_cast<uint32_t>(found - known.begin()));
    at_ += size;
    return true;
  }

  // Those that stand for a mark, a place, a control character or a large class
  // are copied.
  bool escape() {
    if (at_ + 1 >= from_.size()) return false;
    const char c = from_[at_ + 1];
    const bool is_alnum =
        is_capital(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_alnum &&
        std::string_view("AbBdDsSwWzafnrtv").find(c) == std::string_view::npos)
      return false;
    if (!is_ascii(c)) return false;
    copy(2);
    return true;
  }

  // `(?:`, `(?P<name>`, flags.
  bool group() {
    const size_t end = from_.find_first_of(":)>", at_);
    if (end == from_.npos) return false;
    const auto head = from_.substr(at_, end + 1 - at_);
    const bool is_name = head.starts_with("(?P<") || head.starts_with("(?<");
    if (!is_name && head.find('i') != head.npos) return false;
    copy(head.size());
    return true;
  }

  bool char_class() {
    copy(1);
    const bool negated = at_ < from_.size() && from_[at_] == '^';
    if (negated) copy(1);
    for (bool first = true;; first = false) {
      if (at_ >= from_.size()) return false;
      if (from_[at_] == ']' && !first) break;
      if (from_.substr(at_).starts_with("[:")) {
        const size_t end = from_.find(":]", at_ + 2);
        if (negated || end == from_.npos) return false;
        copy(end + 2 - at_);
      } else if (from_[at_] == '\\') {
        if (!escape_in_class(negated)) return false;
      } else if (!class_item()) {
        return false;
      }
    }
    copy(1);
    return true;
  }

  // Letters that a class is said to lack may be few of those that it has: they
  // bear no marks. A range that begins with an escape may end anywhere.
  bool escape_in_class(bool negated) {
    const char c = at_ + 1 < from_.size() ? from_[at_ + 1] : '\0';
    if (negated && (c == 'W' || c == 'D' || c == 'S')) return false;
    if (!escape()) return false;
    const auto rest = from_.substr(at_);
    return rest.size() < 2 || rest[0] != '-' || rest[1] == ']';
  }

  // A character, or a range whose ends are both marked or both not.
  bool class_item() {
    const auto rest = from_.substr(at_);
    if (!is_ascii(rest[0])) return false;
    const bool is_range = rest.size() > 2 && rest[1] == '-' && rest[2] != ']';
    if (is_range && is_capital(rest[0]) != is_capital(rest[2])) return false;
    put_ascii();
    return true;
  }

  std::string_view from_;
  size_t at_ = 0;
  CaseMarks made_;
};

std::optional<CaseMarks> CaseMarks::make(std::string_view expression) {
  if (!is_utf8(expression)) return std::nullopt;
  return CaseMarker(expression).run();
}

std::string CaseMarks::unmarked(std::string_view literal) const {
  std::string text;
  for (size_t at = 0; at < literal.size();) {
    if (!literal.substr(at).starts_with(kMarkBegins) ||
        literal.size() - at < kMarkSize) {
      text += literal[at++];
      continue;
    }
    const size_t mark = (static_cast<size_t>(literal[at + 2] & 0x3F) << 6) |
                        static_cast<size_t>(literal[at + 3] & 0x3F);
    if (mark < originals_.size()) text += originals_[mark];
    at += kMarkSize;
  }
  return text;
}

}  // namespace base
