// Files of every kind become the same tree, and a fault says where it is.
#include "config/config_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "config/json_reader.h"
#include "config/yaml_reader.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace config {
namespace {

Document json(std::string text) {
  return {"f.json", std::move(text)};
}

std::string printed(const base::Result<Value>& value) {
  REQUIRE_MESSAGE(value, value.error().message);
  return to_json(*value).dump();
}

std::string why(const base::Result<Value>& value) {
  REQUIRE_FALSE(value);
  return value.error().message;
}

base::Result<Value> yaml(std::string text) {
  return read_yaml({"f.yaml", std::move(text)});
}

base::Result<ConfigFile> read(
    const support::TempDir& dir, const std::string& name,
    std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  return read_config_file(name,
                          {.caller_dir = dir.path(), .time_limit = limit});
}

std::string root_of(const base::Result<ConfigFile>& file) {
  REQUIRE_MESSAGE(file, file.error().message);
  return to_json(file->root).dump();
}

std::string why(const base::Result<ConfigFile>& file) {
  REQUIRE_FALSE(file);
  return file.error().message;
}

}  // namespace

TEST_CASE("JSON as people write it: comments, last commas, single quotes") {
  CHECK(printed(read_json(json("// one\n{a: 1, 'b': [true, null, 'x',], /* two "
                               "*/ \"c\": {\"d\": -1.5e3},}\n"))) ==
        R"({"a":1,"b":[true,null,"x"],"c":{"d":-1500.0}})");
  CHECK(printed(read_json(json(R"("\u00e9\n\ud83d\ude00\/")"))) ==
        "\"é\\n😀/\"");
}

TEST_CASE("each value knows its place") {
  const auto value =
      read_json(json("{\n  \"apps\": [\n    {\"name\": \"a\"}]}"));
  REQUIRE(value);
  const auto& name = value->find("apps")->value.items[0].members[0];
  CHECK(name.at == Place{3, 6});
  CHECK(name.value.at == Place{3, 14});
}

TEST_CASE("what is no JSON is shown with line and caret") {
  CHECK(why(read_json(json("{\n  \"a\": 1\n  \"b\": 2\n}"))) ==
        "f.json:2: a ',' is missing here\n    \"a\": 1\n          ^");
  CHECK(why(read_json(json("{\"a\": yes}"))) ==
        "f.json:1: 'yes' is no value\n  {\"a\": yes}\n        ^");
  CHECK(why(read_json(json("{\"a\": 1,\n\"a\": 2}"))) ==
        "f.json:2: a: a second time, first in line 1\n  \"a\": 2}\n  ^");
  for (const auto* bad :
       {"", "  ", "{", "[1", "{\"a\"}", "{\"a\":}", "[1 2]", "\"x", "{} {}",
        "/* x", "'\\u12'", "\"\\ud800\"", "{a:1,,}", "[,]", "nul", "01", "\xff",
        "{\"a\": \"x\ny\"}"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_json(json(bad)));
  }
}

TEST_CASE("depth is refused where it begins, and in no time") {
  CHECK(why(read_json(json(std::string(100'000, '['))))
            .starts_with("f.json:1: nested deeper than 64"));
  CHECK(why(yaml(std::string(100'000, '['))).find("nested deeper than 64") !=
        std::string::npos);
  CHECK(why(yaml(std::string(100'000, '{'))).find("nested") !=
        std::string::npos);
}

TEST_CASE("YAML: kinds, quotes, anchors, merge keys") {
  CHECK(printed(yaml("a: &x {k: 1, l: two}\nb:\n  <<: *x\n  l: 3\nc: [*x, "
                     "'1', !!str 2, yes, true, ~, 0640, 1.10]\n")) ==
        R"({"a":{"k":1,"l":"two"},"b":{"l":3,"k":1},"c":[{"k":1,"l":"two"},)"
        R"("1","2","yes",true,null,"0640",1.1]})");
  const auto value = yaml("apps:\n  - name: api\n    port: 1.10\n");
  REQUIRE(value);
  const auto& app = value->find("apps")->value.items[0];
  CHECK(app.members[1].at == Place{3, 5});
  CHECK(app.members[1].value.text == "1.10");
}

TEST_CASE("YAML that is wrong, or a bomb, is refused with its place") {
  CHECK(why(yaml("a: 1\na: 2\n")) == "f.yaml:2: a: a second time\n  a: 2\n  ^");
  for (const auto* cut :
       {"a: 'x\n", "a: \"x\\\"", "a: &b 'it''s", "a: [1", "a: {b: 1", "a: '"})
    CHECK(why(yaml(cut)).starts_with("f.yaml:"));
  for (const auto* whole : {"a: 'it''s'", "a: &b \"x\\\"\"\n", "a: it's",
                            "a: |\n  it's \"\n", "a: !!str it's"})
    CHECK(yaml(whole));
  CHECK(why(yaml("a: *b\n")).starts_with("f.yaml:1: "));
  CHECK(why(yaml("a: 1\n---\nb: 2\n")).find("a second document") !=
        std::string::npos);
  CHECK(why(yaml("a: !ruby/object:X {}\nb: !x 1\n")).find("!x") !=
        std::string::npos);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 9; ++k) bomb += ", " + last;
    bomb += "]\n";
  }
  CHECK(why(yaml(bomb)).find("with all its aliases") != std::string::npos);
  CHECK(why(yaml("a: &a [*a]\n")).find("an alias of") != std::string::npos);
}

TEST_CASE("JavaScript: both kinds of exports, functions, require, prints") {
  const support::TempDir dir;
  dir.write("a.config.js",
            "console.log('noise'); process.stderr.write('more');\n"
            "const path = require('path');\n"
            "module.exports = () => ({apps: [{name: path.basename('/x/api'), "
            "f() {}, r: /x+/, u: undefined}]});\n");
  CHECK(root_of(read(dir, "a.config.js")) ==
        R"({"apps":[{"name":"api","r":"/x+/"}]})");
  dir.write("b.config.mjs", "export default {apps: [{name: 'b'}]};\n");
  CHECK(root_of(read(dir, "b.config.mjs")) == R"({"apps":[{"name":"b"}]})");
  dir.write("c.config.cjs", "exports.apps = [];\n");
  CHECK(root_of(read(dir, "c.config.cjs")) == R"({"apps":[]})");
  dir.write("d.config.mjs", "export default async () => ({apps: [1]});\n");
  CHECK(root_of(read(dir, "d.config.mjs")) == R"({"apps":[1]})");
}

TEST_CASE("JavaScript that fails says where") {
  const support::TempDir dir;
  dir.write("a.config.js", "module.exports = {\n  apps: [nothing]\n};\n");
  CHECK(why(read(dir, "a.config.js")) ==
        "a.config.js:2: ReferenceError: nothing is not defined\n"
        "    apps: [nothing]\n           ^");
  dir.write("b.config.js", "\nmodule.exports = {\n  apps: [}\n");
  CHECK(why(read(dir, "b.config.js"))
            .starts_with("b.config.js:3: SyntaxError: Unexpected token '}'"));
  dir.write("c.config.mjs", "export default {\n apps: ]\n};\n");
  CHECK(why(read(dir, "c.config.mjs"))
            .starts_with("c.config.mjs:2: SyntaxError: Unexpected token ']'"));
  dir.write("d.config.js", "process.exit(3);\n");
  CHECK(why(read(dir, "d.config.js")).find("ended node with 3") !=
        std::string::npos);
  dir.write("e.config.js", "module.exports = undefined;\n");
  CHECK(why(read(dir, "e.config.js")).find("exports nothing") !=
        std::string::npos);
  dir.write("f.config.js", "const a = []; a.push(a); module.exports = a;\n");
  CHECK(why(read(dir, "f.config.js")).find("circular") != std::string::npos);
}

TEST_CASE("JavaScript that does not end is ended, with what it started") {
  const support::TempDir dir;
  dir.write("a.config.js",
            "require('child_process').spawn('sleep', ['4711.5'], "
            "{stdio: 'inherit'});\nfor (;;) {}\n");
  CHECK(why(read(dir, "a.config.js", std::chrono::milliseconds(400)))
            .find("not done after 0.4 s") != std::string::npos);
  CHECK(support::run({"pgrep", "-f", "^sleep 4711.5"}).exit == 1);
}

TEST_CASE("what is no file, or no configuration by its size, is refused") {
  const support::TempDir dir;
  const auto fifo = dir.file("fifo.json");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(why(read(dir, "fifo.json")) == "fifo.json: not a regular file");
  REQUIRE(::symlink("/dev/zero", dir.file("zero.json").c_str()) == 0);
  CHECK(why(read(dir, "zero.json")) == "zero.json: not a regular file");
  const auto large = dir.write("large.config.js", "");
  REQUIRE(::truncate(large.c_str(), 100 << 20) == 0);
  CHECK(why(read(dir, "large.config.js")).find("larger than") !=
        std::string::npos);
  REQUIRE(::mkdir(dir.file("d.json").c_str(), 0700) == 0);
  CHECK(why(read(dir, "d.json")) == "d.json: a directory");
  dir.write("lodge.config.json", "{}");
  const auto missing = read(dir, "lodge.confg.json");
  CHECK(missing.error().code == base::Errc::NotFound);
  CHECK(missing.error().hint == "did you mean lodge.config.json?");
}

TEST_CASE("the usual file of a directory, and what is looked for") {
  const support::TempDir dir;
  const auto none = find_config_file(dir.path());
  REQUIRE_FALSE(none);
  CHECK(none.error().hint.find("lodge.config.{json,yaml,yml}") !=
        std::string::npos);
  dir.write("ecosystem.config.cjs", "");
  CHECK(*find_config_file(dir.path()) == "ecosystem.config.cjs");
  dir.write("lodge.config.yaml", "");
  CHECK(*find_config_file(dir.path()) == "lodge.config.yaml");
  CHECK(is_config_name("-"));
  CHECK(is_config_name("x/pm2.json"));
  CHECK_FALSE(is_config_name("api.js"));
  CHECK(is_config_name("ecosystem.config.js"));
}

}  // namespace config
