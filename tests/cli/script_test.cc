#include "cli/script.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/fs.h"

namespace {

namespace fs = base::fs;

class Dir {
 public:
  Dir() {
    std::string pattern = "/tmp/lodge-script-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Dir() { std::filesystem::remove_all(path_); }
  Dir(const Dir&) = delete;
  Dir& operator=(const Dir&) = delete;

  void file(const std::string& name, std::string_view text = "",
            mode_t mode = 0600) const {
    REQUIRE(fs::replace_file(path(name), text));
    REQUIRE(::chmod(path(name).c_str(), mode) == 0);
  }
  std::string path(std::string_view name) const {
    return fs::join(path_, name);
  }
  cli::ScriptSearch search() const {
    return {.cwd = path_,
            .caller_dir = path_,
            .path = "/nowhere:" + path("bin") + ":relative",
            .interpreter_given = false};
  }

 private:
  std::string path_;
};

cli::Script script(std::string path, bool shell = false) {
  return {.path = std::move(path), .shell = shell, .interpreter = {}};
}

}  // namespace

TEST_CASE("a file, a program on PATH and a command line are told apart") {
  const Dir dir;
  dir.file("api.js");
  dir.file("my app.py");
  fs::make_dir(dir.path("bin")).value();
  dir.file("bin/serve", "", 0700);
  dir.file("bin/data", "", 0600);

  CHECK(cli::find_script("api.js", dir.search())->path == dir.path("api.js"));
  CHECK(cli::find_script("./api.js", dir.search())->path == dir.path("api.js"));
  CHECK(cli::find_script("serve", dir.search())->path == dir.path("bin/serve"));
  CHECK_FALSE(cli::find_script("data", dir.search()));

  const auto line = cli::find_script("serve --port 1 | tee x", dir.search());
  REQUIRE(line);
  CHECK(line->shell);
  CHECK(line->path == "serve --port 1 | tee x");

  const auto spaced = cli::find_script("my app.py", dir.search());
  REQUIRE(spaced);
  CHECK_FALSE(spaced->shell);
}

TEST_CASE("a mistyped script names the nearest file and where it was looked") {
  const Dir dir;
  dir.file("api.js");
  const auto missing = cli::find_script("ap.js", dir.search());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == base::Errc::NotFound);
  CHECK(missing.error().message ==
        "ap.js: no such file in " + dir.search().cwd);
  CHECK(missing.error().hint == "did you mean api.js?");
  fs::make_dir(dir.path("web.js")).value();  // nothing to start
  CHECK(cli::find_script("wb.js", dir.search()).error().hint.find("mean") ==
        std::string::npos);
  CHECK(cli::find_script("/nonexistent", dir.search()).error().message ==
        "/nonexistent: no such file");
  CHECK(cli::find_script("sub/ap.js", dir.search()).error().message ==
        "sub/ap.js: no such file in " + dir.search().cwd);
  for (const auto* blank : {"", "   ", "\t\n"})
    CHECK_FALSE(cli::find_script(blank, dir.search()));
}

TEST_CASE("a file of the caller's directory that --cwd hides is pointed to") {
  const Dir dir;
  dir.file("api.js");
  fs::make_dir(dir.path("run")).value();
  auto search = dir.search();
  search.cwd = dir.path("run");
  const auto missing = cli::find_script("api.js", search);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().hint.find(dir.path("api.js")) != std::string::npos);
}

TEST_CASE("what can't run is refused with what to do") {
  const Dir dir;
  dir.file("data.txt", "hello");
  fs::make_dir(dir.path("app")).value();
  CHECK(cli::find_script("app", dir.search()).error().hint.find("--cwd") !=
        std::string::npos);
  const auto data = cli::find_script("data.txt", dir.search());
  REQUIRE_FALSE(data);
  CHECK(data.error().hint.find("--interpreter") != std::string::npos);
  auto search = dir.search();
  search.interpreter_given = true;
  CHECK(cli::find_script("data.txt", search));
}

TEST_CASE("a first line that names an interpreter is enough to run") {
  const Dir dir;
  dir.file("job", "#! /usr/bin/env  node\ncode\n");
  const auto job = cli::find_script("job", dir.search());
  REQUIRE(job);
  CHECK(job->interpreter == std::vector<std::string>{"/usr/bin/env", "node"});
  dir.file("job", "#!/bin/sh\n", 0700);  // runs itself
  CHECK(cli::find_script("job", dir.search())->interpreter.empty());
}

TEST_CASE("a name is made of what the script calls its program") {
  CHECK(cli::default_name(script("/srv/api.js")) == "api");
  CHECK(cli::default_name(script("/srv/my app.js")) == "my-app");
  CHECK(cli::default_name(script("/srv/.hidden")) == "hidden");
  CHECK(cli::default_name(script("/srv/api.v2.js")) == "api.v2");
  CHECK(cli::default_name(script("/srv/12.py")) == "app-12");
  CHECK(cli::default_name(script("/srv/all.sh")) == "app-all");
  CHECK(cli::default_name(script("/srv/\xc3\xa9\xc3\xa9")) == "app");
  CHECK(cli::default_name(script("python3 -m http.server", true)) == "python3");
  CHECK(cli::default_name(script("PORT=1 ./api.js | x", true)) == "api");
  CHECK(cli::default_name(script("(", true)) == "app");
  CHECK(cli::default_name(script("/" + std::string(200, 'x'))).size() == 64);
}
