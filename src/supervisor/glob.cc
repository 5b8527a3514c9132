#include "supervisor/glob.h"

#include <algorithm>
#include <array>

namespace supervisor {
namespace {

constexpr std::array<std::string_view, 7> kUsual = {
    "node_modules", ".?*", "__pycache__", "*.pyc",
    "*~",           "#*#", "4913"};  // vim's try whether it may write
constexpr size_t kMostSteps = 20'000;

// One of "[a-z]" at the beginning of `pattern`, which it takes off.
bool take_set(std::string_view& pattern, char c) {
  std::string_view rest = pattern.substr(1);
  const bool negated = rest.starts_with('!') || rest.starts_with('^');
  if (negated) rest.remove_prefix(1);
  bool found = false;
  for (bool first = true; !rest.empty(); first = false) {
    if (rest.front() == ']' && !first) break;
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    const char low = rest.front();
    rest.remove_prefix(1);
    char high = low;
    if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
      high = rest[1];
      rest.remove_prefix(2);
    }
    found = found || (low <= c && c <= high);
  }
  if (rest.empty()) {  // no end: a bracket like any other character
    pattern.remove_prefix(1);
    return c == '[';
  }
  pattern = rest.substr(1);
  return found != negated && c != '/';
}

// The alternatives of the first "{a,b}" one by one; none: the pattern itself.
std::vector<std::string> alternatives(std::string_view pattern) {
  const auto open = pattern.find('{');
  const auto close = pattern.find('}', open == pattern.npos ? 0 : open);
  if (open == pattern.npos || close == pattern.npos)
    return {std::string(pattern)};
  std::vector<std::string> all;
  std::string_view inside = pattern.substr(open + 1, close - open - 1);
  for (;;) {
    const auto comma = inside.find(',');
    all.push_back(std::string(pattern.substr(0, open)) +
                  std::string(inside.substr(0, comma)) +
                  std::string(pattern.substr(close + 1)));
    if (comma == inside.npos || all.size() >= 64) return all;
    inside.remove_prefix(comma + 1);
  }
}

// `steps` bounds what a pattern of many stars may cost.
bool match(std::string_view pattern, std::string_view path, size_t& steps) {
  while (!pattern.empty()) {
    if (++steps > kMostSteps) return false;
    if (pattern.starts_with('*')) {
      const bool deep = pattern.starts_with("**");
      const auto begin =
          std::min(pattern.find_first_not_of('*'), pattern.size());
      std::string_view rest = pattern.substr(begin);
      // "**/x" is for "x" too.
      if (deep && rest.starts_with('/') && match(rest.substr(1), path, steps))
        return true;
      for (size_t taken = 0; taken <= path.size(); ++taken) {
        if (match(rest, path.substr(taken), steps)) return true;
        if (taken < path.size() && path[taken] == '/' && !deep) return false;
      }
      return false;
    }
    if (path.empty()) return false;
    if (pattern.front() == '[') {
      if (!take_set(pattern, path.front())) return false;
      path.remove_prefix(1);
      continue;
    }
    const bool any = pattern.front() == '?';
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    if (any ? path.front() == '/' : pattern.front() != path.front())
      return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
  size_t steps = 0;
  return std::ranges::any_of(alternatives(pattern), [&](const auto& one) {
    return match(one, path, steps);
  });
}

bool is_glob(std::string_view text) {
  return text.find_first_of("*?[{") != text.npos;
}

IgnoreRules::IgnoreRules(const std::vector<std::string>& patterns,
                         std::string_view cwd)
    : names_(kUsual.begin(), kUsual.end()) {
  for (std::string_view pattern : patterns) {
    while (pattern.ends_with('/')) pattern.remove_suffix(1);
    if (pattern.starts_with("**/") && pattern.find('/', 3) == pattern.npos)
      pattern.remove_prefix(3);
    const bool of_paths = pattern.find('/') != pattern.npos;
    if (pattern.starts_with('/')) {
      if (!pattern.starts_with(cwd)) continue;
      pattern.remove_prefix(cwd.size());
      while (pattern.starts_with('/')) pattern.remove_prefix(1);
    }
    if (pattern.starts_with("./")) pattern.remove_prefix(2);
    while (pattern.ends_with("/**")) pattern.remove_suffix(3);
    if (!pattern.empty()) (of_paths ? paths_ : names_).emplace_back(pattern);
  }
}

namespace {

bool any_matches(const std::vector<std::string>& patterns,
                 std::string_view text) {
  return std::ranges::any_of(patterns, [&](const auto& pattern) {
    return matches_glob(pattern, text);
  });
}

}  // namespace

bool IgnoreRules::ignores(std::string_view path) const {
  for (size_t begin = 0; begin < path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto name = path.substr(begin, end - begin);
    if (name != "." && name != ".." && any_matches(names_, name)) return true;
    begin = end + 1;
  }
  return ignores_path(path);
}

bool IgnoreRules::ignores_path(std::string_view path) const {
  // Each path that leads there too.
  for (size_t end = 0; end < path.size(); ++end) {
    end = std::min(path.find('/', end), path.size());
    if (any_matches(paths_, path.substr(0, end))) return true;
  }
  return false;
}

}  // namespace supervisor
