#pragma once
// How text looks on a terminal: colours, and bytes that must not reach it.

#include <string>
#include <string_view>

namespace query {

inline constexpr std::string_view kReset = "\x1b[0m";
inline constexpr std::string_view kDim = "\x1b[2m";
inline constexpr std::string_view kErrorMark = "\x1b[31m";
inline constexpr std::string_view kMatch = "\x1b[1;31m";

// The colour of an app's name: one app, one colour, wherever it is shown.
std::string_view label_colour(std::string_view app);

// Makes bytes from logs harmless: control characters and bytes that are not
// UTF-8 become `\x1b`, characters that would hide or reorder others `\u202e`;
// tabs and, if `colours`, colour sequences (SGR) pass. A character or sequence
// cut by the end of a piece is kept for the next one.
class Sanitizer {
 public:
  explicit Sanitizer(bool colours) : colours_(colours) {}

  // Of the row that begins: whether colours pass, and what it looks like where
  // its text has no colour of its own.
  void begin(bool colours, std::string_view style = {});
  void add(std::string_view bytes, std::string& into);
  // What add() is given between them is set off by kMatch. The text's own
  // colours wait, and come back behind it.
  void begin_match(std::string& into);
  void end_match(std::string& into);
  // The row is over: what was kept is shown, colours are reset.
  void end(std::string& into);

 private:
  size_t take(std::string_view bytes, bool last, std::string& into);
  void take_colour(std::string_view sequence, std::string& into);
  void flush_kept(std::string& into);

  bool colours_;
  std::string_view style_;
  bool coloured_ = false;  // since the row began
  bool in_match_ = false;
  std::string colour_;  // of the text: sequences since the last reset
  std::string kept_;
};

}  // namespace query
