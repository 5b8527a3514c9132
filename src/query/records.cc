#include "query/records.h"

#include <algorithm>
#include <array>

#include "query/json_scan.h"
#include "store/colours.h"
#include "store/levels.h"
#include "store/text_times.h"

namespace query {
namespace {

// Of the line before no more is looked at: whoever keeps it may cut it here.
constexpr size_t kReach = store::kLevelReach;

// What such lines begin with, at column 0.
constexpr std::array<std::string_view, 16> kBeginnings = {
    "Caused by:",
    "Suppressed: ",
    "... ",
    "Traceback (most recent call last):",
    "> File \"",
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

// `/srv/a.rb:3:in 'add'`, of a Ruby backtrace as its Logger prints it. (Where a
// message follows, an error is told.)
bool is_ruby_frame(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  const auto in = text.find(":in ");
  if (in == text.npos || in == 0 || !is_digit(text[in - 1])) return false;
  const auto place = text.substr(0, in);
  const auto name = text.substr(in + 4);
  return place.find(' ') == place.npos && name.size() > 2 &&
         (name.front() == '\'' || name.front() == '`') &&
         name.find('\'', 1) == name.size() - 1;
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

// What stands below a line that was logged with an exception.
enum class Exception { None, Plain, Qualified, Surely };

// `java.io.IOException: gone`, `com.shop.Cart$Full: 3`, and node's `Error: x`;
// with a code as .NET and node have it: `SocketException (111): x`, `TypeError
// [ERR_X]: y`.
Exception exception_of(std::string_view text) {
  size_t size = 0, dots = 0, last = 0;
  for (; size < text.size() &&
         (is_word(text[size]) || text[size] == '.' || text[size] == '$');
       ++size) {
    if (text[size] != '.') continue;
    ++dots;
    last = size + 1;
  }
  const auto name = text.substr(0, size);
  auto rest = text.substr(size);
  if (rest.starts_with(" [") || rest.starts_with(" (")) {
    const auto end = rest.find(rest[1] == '[' ? ']' : ')');
    if (end == rest.npos || rest.find(' ', 1) < end) return Exception::None;
    rest.remove_prefix(end + 1);
    if (!rest.starts_with(':')) return Exception::None;
  }
  const bool bare = rest.empty() || rest == "\r";
  if (last >= size || text[last] < 'A' || text[last] > 'Z' ||
      text.front() == '.' || is_digit(text.front()))
    return Exception::None;
  if (dots == 0)
    return rest.starts_with(": ") &&
                   (name.ends_with("Error") || name.ends_with("Exception"))
               ? Exception::Plain
               : Exception::None;
  const bool ends = name.ends_with("Throwable") ||
                    std::ranges::any_of(kErrors, [&](std::string_view error) {
                      return name.ends_with(error);
                    });
  if (ends && (bare || rest.starts_with(':')))
    return dots > 1 ? Exception::Surely : Exception::Qualified;
  // `com.shop.Full: 3`, but not a logger's name before its level.
  return dots > 1 && (bare || rest.starts_with(": ")) &&
                 store::detect_level(text) == store::Level::Unknown
             ? Exception::Qualified
             : Exception::None;
}

// `main.main`, `example.org/shop.(*Cart).Add`: of a Go trace without arguments,
// as zap prints it below a line and above each function's place.
bool is_go_function(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.starts_with('/') || !std::ranges::all_of(text, [](char c) {
        return is_word(c) || std::string_view("./()*-[]").contains(c);
      }))
    return false;
  const auto slash = text.rfind('/');
  const size_t last = slash == text.npos ? 0 : slash + 1;
  const auto dot = text.find('.', last);
  return dot != text.npos && dot > last && dot + 1 < text.size();
}

// The first of them, which has no place above it.
bool is_clear_go_function(std::string_view text) {
  const auto slash = text.find('/');
  return is_go_function(text) &&
         (text.starts_with("main.") || text.contains(".(*") ||
          (slash != text.npos && text.find('.') < slash));
}

bool is_go_place(std::string_view line) {
  return line.starts_with('\t') && line.contains(".go:");
}

// Indented, and yet a line of its own: Rust's tracing indents its pretty form,
// and right-aligns levels.
bool begins_indented(std::string_view text) {
  if (text.starts_with(" INFO ") || text.starts_with(" WARN ")) return true;
  const auto from = text.find_first_not_of(" \t");
  if (from == text.npos) return false;
  const auto inside = text.substr(from);
  if (inside.front() != '{') return store::text_time_size(inside) > 0;
  if (store::detect_level(inside) == store::Level::Unknown) return false;
  JsonScan scan(inside);
  std::string_view object;
  if (!scan.take_value(object)) return false;
  scan.skip_blanks();
  return scan.ended();
}

bool is_in_traceback(std::string_view previous) {
  if (!previous.starts_with(' ') || begins_indented(previous)) return false;
  const auto text = previous.substr(
      std::min(previous.find_first_not_of(' '), previous.size()));
  return !text.empty() && text.front() != '\t' && !text.starts_with("at ") &&
         !text.starts_with("... ");
}

bool is_blank(std::string_view text) {
  return text.empty() || text == "\r";
}

// Whatever the line before is.
bool continues_any(std::string_view text) {
  if (is_blank(text)) return true;
  const char first = text.front();
  if (first == ' ' || first == '\t') return !begins_indented(text);
  if (is_closing(text) || is_numbered_frame(text) || is_go_call(text) ||
      is_ruby_frame(text))
    return true;
  return std::ranges::any_of(kBeginnings, [&](std::string_view beginning) {
    return text.starts_with(beginning);
  });
}

bool may_continue(std::string_view text) {
  return names_error(text) || exception_of(text) != Exception::None ||
         is_go_function(text);
}

// Of a line that an exception may have been logged with. Not of an error's own,
// or each would take the next for its cause; nor of an object, which has it
// within.
store::Level logged_level(std::string_view line) {
  if (continues_any(line) || line.front() == '{' || names_error(line) ||
      exception_of(line) != Exception::None)
    return store::Level::Unknown;
  return store::detect_level(line);
}

bool continues_after(std::string_view text, std::string_view previous) {
  if (is_in_traceback(previous) && names_error(text)) return true;
  const auto exception = exception_of(text);
  // Spring Boot leaves a line empty.
  if (is_blank(previous)) return exception == Exception::Surely;
  if (is_go_function(text) && is_go_place(previous)) return true;
  if (exception == Exception::None && !is_clear_go_function(text)) return false;
  const auto level = logged_level(previous);
  if (level == store::Level::Unknown) return false;
  // An `Error: x` below what is no trouble is what ended the program.
  return exception != Exception::Plain || level >= store::Level::Warn;
}

// Colours aside, as far as they matter.
std::string_view plain(std::string_view text, std::string& scratch) {
  return text.substr(0, kReach).contains('\x1b')
             ? store::without_colours(text, scratch)
             : text;
}

}  // namespace

bool continues_record(std::string_view text, std::string_view previous) {
  std::string scratch;
  text = plain(text, scratch);
  if (continues_any(text)) return true;
  if (!may_continue(text)) return false;
  std::string before;
  return continues_after(text, plain(previous.substr(0, kReach), before));
}

bool asks_previous(std::string_view text) {
  std::string scratch;
  text = plain(text, scratch);
  return !continues_any(text) && may_continue(text);
}

}  // namespace query
