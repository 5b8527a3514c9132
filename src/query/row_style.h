#pragma once
// How text looks on a terminal: colours, and bytes that must not reach it.

#include <string>
#include <string_view>

namespace query {

inline constexpr std::string_view kReset = "\x1b[0m";
inline constexpr std::string_view kDim = "\x1b[2m";
inline constexpr std::string_view kErrorMark = "\x1b[31m";

// The colour of an app's name: one app, one colour, wherever it is shown.
std::string_view label_colour(std::string_view app);

// Makes bytes from logs harmless: control characters and bytes that are not
// UTF-8 become `\x1b`, tabs and, if `colours`, colour sequences (SGR) pass. A
// character or sequence cut by the end of a piece is kept for the next one.
class Sanitizer {
 public:
  explicit Sanitizer(bool colours) : colours_(colours) {}

  void add(std::string_view bytes, std::string& into);
  // The row is over: what was kept is shown, colours are reset.
  void end(std::string& into);

 private:
  size_t take(std::string_view bytes, bool last, std::string& into);

  bool colours_;
  bool coloured_ = false;  // since the row began
  std::string kept_;
};

}  // namespace query
