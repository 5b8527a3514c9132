#include "config/dotenv.h"

#include <algorithm>

#include "base/json.h"

namespace config {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || !letter(text.front())) return false;
  return std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// What stands behind a quoted value: nothing, or a comment.
bool is_rest(std::string_view text) {
  const auto rest = trimmed(text);
  return rest.empty() || rest.starts_with('#');
}

}  // namespace

base::Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(
    const Document& document) {
  std::string_view text = document.text();
  const auto bad = [&](size_t line, std::string_view why, std::string hint) {
    return document.quiet_fault({line, 0}, why, std::move(hint));
  };
  if (!base::is_utf8(text)) return bad(0, "not UTF-8", "");
  if (text.find('\0') != text.npos) return bad(0, "a NUL byte", "");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::pair<std::string, std::string>> variables;
  size_t next_line = 1;
  while (!text.empty()) {
    const size_t line = next_line++;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view row = trimmed(text.substr(0, end));
    if (row.starts_with("export ")) row = trimmed(row.substr(7));
    const auto equals = row.find('=');
    if (row.empty() || row.front() == '#') {
      text.remove_prefix(std::min(text.size(), end + 1));
      continue;
    }
    const auto name = trimmed(row.substr(0, equals));
    if (equals == row.npos || !is_name(name))
      return bad(line, "not NAME=value",
                 "for example: PORT=3000; comments begin with #");
    std::string_view value = trimmed(row.substr(equals + 1));
    const char quote = value.empty() ? '\0' : value.front();
    if (quote != '"' && quote != '\'' && quote != '`') {
      // A comment begins behind a space.
      for (size_t i = 0; i < value.size(); ++i)
        if (value[i] == '#' &&
            (i == 0 || value[i - 1] == ' ' || value[i - 1] == '\t')) {
          value = trimmed(value.substr(0, i));
          break;
        }
      variables.emplace_back(name, value);
      text.remove_prefix(std::min(text.size(), end + 1));
      continue;
    }
    // From the quote on, over as many lines as it takes.
    std::string_view left =
        text.substr(static_cast<size_t>(value.data() - text.data()) + 1);
    std::string content;
    bool closed = false;
    size_t i = 0;
    for (; i < left.size() && !closed; ++i) {
      const char c = left[i];
      if (c == quote) {
        closed = true;
      } else if (quote == '"' && c == '\\' && i + 1 < left.size()) {
        const char escaped = left[++i];
        if (escaped == 'n')
          content += '\n';
        else if (escaped == 'r')
          content += '\r';
        else if (escaped == 't')
          content += '\t';
        else if (escaped == '"' || escaped == '\\' || escaped == '$')
          content += escaped;
        else
          (content += '\\') += escaped;
        if (escaped == '\n') ++next_line;
      } else {
        if (c == '\n') ++next_line;
        content += c;
      }
    }
    if (!closed)
      return bad(line, std::string("a ") + quote + " that is not closed", "");
    left.remove_prefix(i);
    const auto rest = std::min(left.find('\n'), left.size());
    if (!is_rest(left.substr(0, rest)))
      return bad(next_line - 1, "text behind the closing quote", "");
    left.remove_prefix(std::min(left.size(), rest + 1));
    variables.emplace_back(name, std::move(content));
    text = left;
  }
  return variables;
}

}  // namespace config
