#include "config/document.h"

#include <fmt/format.h>

#include <algorithm>

namespace config {
namespace {

constexpr size_t kWidest = 100;  // bytes shown of a line

std::string_view line_of(std::string_view text, size_t number) {
  for (size_t line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The line, cut to what fits around the place, and a caret below it.
std::string shown(std::string_view line, size_t column) {
  const size_t at = std::min(column > 0 ? column - 1 : 0, line.size());
  const auto is_inside = [&](size_t i) {
    return i < line.size() && (static_cast<unsigned char>(line[i]) >> 6) == 2;
  };
  size_t begin = at > kWidest * 3 / 4 ? at - kWidest * 3 / 4 : 0;
  while (is_inside(begin)) ++begin;
  size_t end = std::min(line.size(), begin + kWidest);
  while (is_inside(end)) --end;
  std::string text(line.substr(begin, end - begin));
  std::ranges::replace(text, '\t', ' ');
  return fmt::format("  {}\n  {}^", text, std::string(at - begin, ' '));
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '$';
}

}  // namespace

std::unexpected<base::Error> Document::fault(Place at, std::string_view why,
                                             std::string hint) const {
  auto fault = quiet_fault(at, why, std::move(hint));
  const auto line = line_of(text_, at.line);
  if (at.line > 0 && !line.empty())
    fault.error().message += "\n" + shown(line, at.column);
  return fault;
}

std::unexpected<base::Error> Document::quiet_fault(Place at,
                                                   std::string_view why,
                                                   std::string hint) const {
  return base::fail(base::Errc::Invalid,
                    at.line > 0 ? fmt::format("{}:{}: {}", name_, at.line, why)
                                : fmt::format("{}: {}", name_, why),
                    std::move(hint));
}

Place Document::find_key(std::string_view key) const {
  Place found;
  size_t line = 1;
  size_t begin = 0;
  if (key.empty()) return {};
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') {
      ++line;
      begin = i + 1;
      continue;
    }
    if (text_.compare(i, key.size(), key) != 0) continue;
    if (i > 0 && (is_word(text_[i - 1]) || text_[i - 1] == '.')) continue;
    size_t after = i + key.size();
    if (after < text_.size() && (text_[after] == '"' || text_[after] == '\''))
      ++after;
    while (after < text_.size() &&
           (text_[after] == ' ' || text_[after] == '\t'))
      ++after;
    if (after >= text_.size() || text_[after] != ':') continue;
    if (found.line != 0) return {};  // more than one
    found = {line, i - begin + 1};
  }
  return found;
}

}  // namespace config
