#include "query/records.h"

#include <algorithm>
#include <array>

namespace query {
namespace {

// What such lines begin with, at column 0.
constexpr std::array<std::string_view, 17> kBeginnings = {
    "Caused by: ",
    "Suppressed: ",
    "... ",
    "Traceback (most recent call last):",
    "During handling of the above exception",
    "The above exception was the direct cause",
    "goroutine ",
    "created by ",
    "exit status ",
    "stack backtrace:",
    "note: run with `RUST_BACKTRACE",
    "--- End of",
    "---> ",
    "Stack trace:",
    "  ",
    "\t",
    "#0 ",
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// `}`, `]);`: what ends something printed over several lines.
bool is_closing(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) {
                               return std::string_view("}])>;, \t\r").find(c) !=
                                      std::string_view::npos;
                             }) &&
         std::string_view("}])").find(text.front()) != std::string_view::npos;
}

// `#3 /srv/a.php(12): f()`, and `main.main()` of a Go trace, whose place comes
// indented on the next line.
bool is_numbered_frame(std::string_view text) {
  if (text.front() != '#') return false;
  size_t at = 1;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at > 1 && at < text.size() && text[at] == ' ';
}

bool is_go_call(std::string_view text) {
  if (!text.ends_with(')')) return false;
  const auto open = text.find('(');
  if (open == text.npos || open == 0) return false;
  const auto name = text.substr(0, open);
  return name.find('.') != name.npos && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  is_digit(c) || c == '.' || c == '_' || c == '/' || c == '*' ||
                  c == '-';
         });
}

// The last line of a Python traceback: a built-in by its ending, any other with
// its module before it. Alone it looks like any first line.
constexpr std::array<std::string_view, 8> kErrors = {
    "Error", "Exception", "Warning", "Interrupt",
    "Exit",  "Failure",   "Fault",   "StopIteration",
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         c == '_';
}

bool names_error(std::string_view text) {
  if (is_digit(text.front())) return false;
  size_t size = 0;
  while (size < text.size() && (is_word(text[size]) || text[size] == '.'))
    ++size;
  const auto name = text.substr(0, size);
  const auto rest = text.substr(size);
  if (!rest.empty() && rest.front() != ':' && rest != "\r") return false;
  if (std::ranges::any_of(kErrors, [&](std::string_view error) {
        return name.ends_with(error);
      }))
    return true;
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || dot + 1 == name.size()) return false;
  const char first = name[dot + 1];
  return first >= 'A' && first <= 'Z' &&
         (!rest.starts_with(':') || rest.starts_with(": "));
}

bool is_in_traceback(std::string_view previous) {
  if (!previous.starts_with(' ')) return false;
  const auto text = previous.substr(
      std::min(previous.find_first_not_of(' '), previous.size()));
  return !text.empty() && text.front() != '\t' && !text.starts_with("at ") &&
         !text.starts_with("... ");
}

// Whatever the line before is.
bool continues_any(std::string_view text) {
  if (text.empty() || text == "\r") return true;
  const char first = text.front();
  if (first == ' ' || first == '\t') return true;
  if (is_closing(text) || is_numbered_frame(text) || is_go_call(text))
    return true;
  return std::ranges::any_of(kBeginnings, [&](std::string_view beginning) {
    return text.starts_with(beginning);
  });
}

}  // namespace

bool continues_record(std::string_view text, std::string_view previous) {
  return continues_any(text) ||
         (is_in_traceback(previous) && names_error(text));
}

bool asks_previous(std::string_view text) {
  return !continues_any(text) && names_error(text);
}

}  // namespace query
