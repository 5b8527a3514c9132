// Configuration as JSON, dotenv, words: whatever is in it.

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "config/dotenv.h"
#include "config/file_apps.h"
#include "config/json_reader.h"
#include "config/shell_words.h"
#include "fuzz/fuzzer.h"

namespace {

void check(std::string_view input) {
  config::Document document("fuzz", std::string(input));
  (void)config::parse_dotenv(document);
  (void)config::shell_words(input);
  (void)document.find_key(input.substr(0, 3));
  auto root = config::read_json(document);
  // What JSON is by the book is read; to the library a NUL byte is its end.
  if (!root)
    return fuzz::must(
        input.find('\0') != input.npos ||
            !base::parse_json(input, {.bytes = 1 << 20, .depth = 64}),
        "good JSON is read");
  const config::ConfigFile file{document, std::move(*root), "/f.json", "/"};
  const auto apps = config::read_file_apps(file, {});
  if (!apps)
    return fuzz::must(apps.error().message.starts_with("fuzz"),
                      "a fault names the file");
  for (const auto& app : apps->apps)
    fuzz::must(base::is_json(app.settings), "settings are JSON");
}

}  // namespace

int main(int argc, char** argv) {
  return fuzz::run(
      argc, argv,
      {R"({"apps": [{"name": "api", "script": "a.js", "args": "-p 'x y'",)"
       R"("instances": "max", "env": {"A": 1, "B": "x"}, "env_x": {"A": 2},)"
       R"("log": {"max_size": "1M", "retain": {"count": 3}}, "watch": true}]})",
       "// c\n[{script: 'a', /* x */ name: \"@a/b\", vizion: false,},]",
       "A=1\nexport B=\"x\\ny\"\nC='z' # c\n"},
      check);
}
