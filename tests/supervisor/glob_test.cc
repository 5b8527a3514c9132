#include "supervisor/glob.h"

#include <doctest/doctest.h>

using supervisor::IgnoreRules;
using supervisor::matches_glob;

TEST_CASE("globs: stars stop at slashes, two of them don't") {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  for (const auto& row : {Row{"*.js", "a.js", true},
                          {"*.js", "src/a.js", false},
                          {"src/*.js", "src/a.js", true},
                          {"src/*.js", "src/x/a.js", false},
                          {"src/**/*.js", "src/a.js", true},
                          {"src/**/*.js", "src/x/y/a.js", true},
                          {"**/a.js", "a.js", true},
                          {"src/**", "src/x/y", true},
                          {"a?c", "abc", true},
                          {"a?c", "a/c", false},
                          {"[a-c].txt", "b.txt", true},
                          {"[!a-c].txt", "b.txt", false},
                          {"[a-c", "[a-c", true},
                          {"*.{js,ts}", "a.ts", true},
                          {"*.{js,ts}", "a.rs", false},
                          {"\\*.js", "*.js", true},
                          {"\\*.js", "a.js", false},
                          {"", "", true},
                          {"", "a", false}}) {
    CAPTURE(row.pattern);
    CAPTURE(row.path);
    CHECK(matches_glob(row.pattern, row.path) == row.matches);
  }
}

TEST_CASE("a glob of many stars ends") {
  const std::string pattern = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
  CHECK_FALSE(matches_glob(pattern, std::string(200, 'a')));
}

TEST_CASE("ignored: the usual names, what is named, and all below it") {
  const IgnoreRules rules(
      {"logs", "*.log", "./public/img", "build/**", "/srv/app/tmp", "**/*.db"},
      "/srv/app");
  for (const std::string path :
       {"node_modules", "node_modules/x/a.js", "src/node_modules/a.js", ".git",
        ".git/HEAD", ".env", "src/.a.js.swp", "a.js~", "__pycache__/a.pyc",
        "4913", "logs/a.js", "src/logs/a.js", "src/x.log", "public/img/a.png",
        "build", "build/a.js", "tmp/x", "data/x.db"}) {
    CAPTURE(path);
    CHECK(rules.ignores(path));
  }
  for (const std::string path :
       {"a.js", "src/a.js", "public/a.js", "src/tmp/x", "src/build/a.js",
        "logs.js", "a..b", "x.dbx"}) {
    CAPTURE(path);
    CHECK_FALSE(rules.ignores(path));
  }
}
