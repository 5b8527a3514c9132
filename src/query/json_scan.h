#pragma once
// JSON text gone through without being kept: where a value ends, what a string
// says. Trusts nothing, recurses nowhere, and is linear. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace query {

class JsonScan {
 public:
  explicit JsonScan(std::string_view text, size_t at = 0)
      : text_(text), at_(at) {}

  size_t at() const { return at_; }
  bool ended() const { return at_ >= text_.size(); }
  char peek() const { return ended() ? '\0' : text_[at_]; }
  void skip_blanks();
  // Passes `c` and the blanks before it; false: it is not there.
  bool take(char c);
  // The inside of a string, as it stands; false: none begins here, or it does
  // not end.
  bool take_string(std::string_view& inside);
  // Any value, as it stands, brackets matched by kind and no further.
  bool take_value(std::string_view& value);

 private:
  std::string_view text_;
  size_t at_;
};

// The inside of a string with its escapes undone; what is no escape stays.
std::string undo_escapes(std::string_view inside);

// The object that a line is, or that follows a prefix and runs to its end;
// empty: there is none. Of a line that begins as one and is damaged, the line.
std::string_view find_object(std::string_view line);

}  // namespace query
