#pragma once
// Globs over paths, as `watch` and `ignore_watch` have them. Pure.
//
//   *  any characters but '/'      **  any, also '/'      ?  one, but no '/'
//   [a-z] [!a-z]  one of           {a,b}  either          \x  x itself

#include <string>
#include <string_view>
#include <vector>

namespace supervisor {

bool matches_glob(std::string_view pattern, std::string_view path);
// Whether it has characters of a glob.
bool is_glob(std::string_view text);

// What of a watched tree doesn't count: node_modules, names that begin with a
// dot, what editors and python leave behind, and what the user says. A pattern
// without '/' is for names at any depth, another one for the path from the
// app's directory; "./" before it and "/**" behind it change nothing. What is
// under an ignored directory is ignored too.
class IgnoreRules {
 public:
  // Absolute patterns must lie in `cwd`, else they match nothing.
  IgnoreRules(const std::vector<std::string>& patterns, std::string_view cwd);

  // `path` from the app's directory: "src/api.js".
  bool ignores(std::string_view path) const;
  // The same by the patterns of paths alone.
  bool ignores_path(std::string_view path) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> paths_;
};

}  // namespace supervisor
