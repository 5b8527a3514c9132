// What a file says of its apps, in PM2's words or ours, becomes the settings
// of the table; what is wrong in it is shown where it stands.
#include "config/file_apps.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/dotenv.h"
#include "config/json_reader.h"
#include "config/key_facts.h"
#include "config/keys.h"
#include "config/pm2_keys.h"
#include "config/shell_words.h"
#include "support/temp_dir.h"

namespace config {
namespace {

ConfigFile file_of(std::string text, std::string dir = "/srv") {
  Document document("f.json", std::move(text));
  auto root = read_json(document);
  REQUIRE_MESSAGE(root, root.error().message);
  return {std::move(document), std::move(*root), dir + "/f.json", dir};
}

FileApps apps_of(const std::string& text, const FileChoice& choice = {},
                 const std::string& dir = "/srv") {
  auto apps = read_file_apps(file_of(text, dir), choice);
  REQUIRE_MESSAGE(apps, apps.error().message);
  return std::move(*apps);
}

nlohmann::json settings_of(const std::string& members,
                           const FileChoice& choice = {}) {
  const auto apps = apps_of("{\"script\": \"a.js\", " + members + "}", choice);
  REQUIRE(apps.apps.size() == 1);
  return nlohmann::json::parse(apps.apps[0].settings);
}

base::Error fault_of(const std::string& text, const FileChoice& choice = {}) {
  const auto apps = read_file_apps(file_of(text), choice);
  REQUIRE_FALSE(apps);
  CHECK(apps.error().code == base::Errc::Invalid);
  return apps.error();
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string fault(const std::string& members) {
  return first_line(
      fault_of("{\"script\": \"a.js\",\n" + members + "}").message);
}

}  // namespace

TEST_CASE("every shape in which PM2 takes apps") {
  for (const auto* text : {R"([{"script": "a.js", "name": "a"}])",
                           R"({"apps": [{"script": "a.js", "name": "a"}]})",
                           R"({"apps": {"script": "a.js", "name": "a"}})",
                           R"({"pm2": [{"script": "a.js", "name": "a"}]})",
                           R"({"script": "a.js", "name": "a"})",
                           R"({"apps": [{"exec": "a.js", "name": "a"}],
            "deploy": {"production": {"user": "x"}}, "static": []})"}) {
    CAPTURE(text);
    const auto apps = apps_of(text);
    REQUIRE(apps.apps.size() == 1);
    CHECK(apps.apps[0].name == "a");
    CHECK(apps.apps[0].script == "a.js");
    CHECK(apps.apps[0].cwd == "/srv");
    CHECK(apps.names == std::vector<std::string>{"a"});
  }
  CHECK(first_line(fault_of("{\"apps\": []}").message) ==
        "f.json:1: no apps in it");
  CHECK(first_line(fault_of("{\"ap\": []}").message) ==
        "f.json:1: neither apps nor script");
  CHECK(first_line(fault_of("{\"apps\": [1]}").message) ==
        "f.json:1: a number where an app should be");
  CHECK(first_line(fault_of("{\"apps\": [{\"name\": \"a\"}]}").message) ==
        "f.json:1: a: no script");
  CHECK(fault_of("{\"apps\": [], \"deplyo\": {}}").hint ==
        "did you mean deploy?");
}

TEST_CASE("PM2's names are ours") {
  const auto json = settings_of(
      R"("exec_interpreter": "none", "node_args": "--a 'b c'", "out": "o.log",
         "err": "e.log", "combine_logs": true, "user": "www", "log": "c.log",
         "log_type": "json", "args": "-p 3000 \"two words\"",
         "stop_exit_codes": 0, "max_restarts": "10", "kill_timeout": 3000,
         "port": 8080, "exec_mode": "cluster_mode")");
  CHECK(json["interpreter"] == "none");
  CHECK(json["interpreter_args"] == nlohmann::json({"--a", "b c"}));
  CHECK(json["out_file"] == "o.log");
  CHECK(json["error_file"] == "e.log");
  CHECK(json["log_file"] == "c.log");
  CHECK(json["merge_logs"] == true);
  CHECK(json["uid"] == "www");
  CHECK(json["log"]["stamp"] == "json");
  CHECK(json["args"] == nlohmann::json({"-p", "3000", "two words"}));
  CHECK(json["stop_exit_codes"] == nlohmann::json({0}));
  CHECK(json["max_restarts"] == 10);
  CHECK(json["env"]["PORT"] == "8080");
}

TEST_CASE("instances: max, 0 and less than all are numbers") {
  const auto all = settings_of(R"("instances": "max")")["instances"];
  CHECK(all.get<int>() >= 1);
  CHECK(settings_of(R"("instances": 0)")["instances"] == all);
  CHECK(settings_of(R"("instances": -1)")["instances"] ==
        std::max(1, all.get<int>() - 1));
  CHECK(settings_of(R"("instances": "4")")["instances"] == 4);
  CHECK(fault(R"("instances": "many")") ==
        "f.json:2: instances: \"many\" is not a number of instances, or "
        "\"max\"");
}

TEST_CASE("log is a file, or the section of the log settings") {
  CHECK(settings_of(R"("log": true)")["log_file"] == true);
  const auto json = settings_of(
      R"("log": {"max_size": "1M", "retain": 5, "rotateInterval": "0 0 * * *"})");
  CHECK(json["log"]["max_size"] == "1M");
  CHECK(json["log"]["retain"]["count"] == 5);
  CHECK(json["log"]["rotate"] == "0 0 * * *");
  CHECK(settings_of(
            R"("log": {"retain": {"age": "2d"}})")["log"]["retain"]["age"] ==
        "2d");
}

TEST_CASE("variables are text as they were written; null leaves one out") {
  const auto json = settings_of(
      R"("env": {"A": 1.10, "B": true, "C": "x", "D": null}, "env_x": {"A": 2})",
      {.env = "x", .only = {}});
  CHECK(json["env"] ==
        nlohmann::json({{"A", "1.10"}, {"B", "true"}, {"C", "x"}}));
  CHECK(json["env_variants"]["x"] == nlohmann::json({{"A", "2"}}));
  CHECK(json["env_variant"] == "x");
  CHECK_FALSE(settings_of(R"("env_x": {"A": 2})").contains("env_variant"));
  CHECK(settings_of(R"("filter_env": true)")["env_inherit"] == "none");
}

TEST_CASE(
    "what is wrong is shown with its line, and the nearest that is right") {
  CHECK(fault(R"("max_restart": 3)") ==
        "f.json:2: max_restart: no such setting");
  CHECK(fault_of("{\"script\": \"a\", \"max_restart\": 3}").hint ==
        "did you mean max_restarts?");
  CHECK(fault_of("{\"script\": \"a\", \"out_fle\": 3}").hint ==
        "did you mean out_file?");
  CHECK(fault_of("{\"script\": \"a\", \"rotate\": 3}").hint ==
        "did you mean log.rotate?");
  CHECK(fault(R"("autorestart": "yes")") ==
        "f.json:2: autorestart: \"yes\" is not true or false");
  CHECK(fault(R"("max_restarts": 1.5)") ==
        "f.json:2: max_restarts: 1.5 is not a whole number");
  CHECK(fault(R"("kill_timeout": [])")
            .starts_with("f.json:2: kill_timeout: a list is not a time"));
  CHECK(fault(R"("kill_timeout": "soon")")
            .starts_with("f.json:2: kill_timeout: "));
  CHECK(fault(R"("args": "it's")").starts_with("f.json:2: args: a ' that"));
  CHECK(fault(R"("exec": "b.js")") ==
        "f.json:2: exec: the same as script, which is given too");
  CHECK(fault(R"("log": {"levl": 3})") ==
        "f.json:2: log.levl: no such setting");
  CHECK(fault(R"("name": "///")") ==
        "f.json:2: name: nothing can be made of '///'");
  // Internal keys are nobody's to write.
  CHECK(fault(R"("inherited_env": {})") ==
        "f.json:2: inherited_env: no such setting");
}

TEST_CASE("a fault in the environment shows no value: it holds secrets") {
  const auto error = fault_of(
      "{\"script\": \"a\", \"env\": {\"KEY\": {\"s3cret\": \"s3cret\"}}}");
  CHECK(error.message == "f.json:1: env: KEY: an object where text should be");
  CHECK(fault_of("{\"script\": \"a\", \"env\": \"s3cret\"}").message ==
        "f.json:1: env: text is no object of variables");
}

TEST_CASE("names are mapped one to one, and never two to one") {
  const auto apps = apps_of(
      R"([{"script": "a", "name": "@scope/worker"}, {"script": "b", "name": "b"}])");
  CHECK(apps.apps[0].name == "scope-worker");
  CHECK(apps.apps[0].name_in_file == "@scope/worker");
  CHECK(first_line(fault_of(R"([{"script": "a", "name": "a/b"},
{"script": "b", "name": "a-b"}])")
                       .message) ==
        "f.json:2: name: a/b and a-b would both be a-b");
  CHECK(first_line(fault_of(R"([{"script": "a", "name": "x"},
{"script": "b", "name": "x"}])")
                       .message) ==
        "f.json:2: name: a second x, the first is in line 1");
  CHECK(apps_of(R"({"script": "a", "name": "api", "name_prefix": "shop-",
                    "append_env_to_name": true, "env_x": {}})",
                {.env = "x", .only = {}})
            .apps[0]
            .name == "shop-api-x");
}

TEST_CASE(
    "a choice of apps and environment, and what there is to choose from") {
  const std::string text =
      R"([{"script": "a", "name": "api", "env_production": {}},
          {"script": "b", "name": "@x/web"}])";
  const auto one = apps_of(text, {.env = "", .only = {"@x/web"}});
  REQUIRE(one.apps.size() == 1);
  CHECK(one.apps[0].name == "x-web");
  CHECK(one.names.size() == 2);
  CHECK(fault_of(text, {.env = "prodution", .only = {}}).hint ==
        "did you mean production?");
  CHECK(fault_of(text, {.env = "", .only = {"apo"}}).hint ==
        "did you mean api?");
}

TEST_CASE("PM2's keys that mean nothing here are said once, with why") {
  const auto apps = apps_of(
      R"([{"script": "a", "name": "a", "vizion": false, "pmx": true},
          {"script": "b", "name": "b", "vizion": false}])");
  REQUIRE(apps.warnings.size() == 2);
  CHECK(apps.warnings[0] == "f.json: vizion: no version control is looked at");
}

TEST_CASE("files of variables lie under env, relative to cwd") {
  const support::TempDir dir;
  dir.write(".env", "A=file\nB=file\n");
  const auto apps =
      apps_of(R"({"script": "a", "env_file": ".env", "env": {"B": "env"}})", {},
              dir.path());
  const auto json = nlohmann::json::parse(apps.apps[0].settings);
  CHECK(json["env"] == nlohmann::json({{"A", "file"}, {"B", "env"}}));
  CHECK(first_line(
            fault_of("{\"script\": \"a\",\n\"env_file\": \"nope\"}").message) ==
        "f.json:2: env_file: nope: no such file in /srv");
}

TEST_CASE("dotenv: quotes, comments, export, several lines") {
  const auto parse = [](std::string text) {
    return parse_dotenv({".env", std::move(text)});
  };
  const auto all = parse(
      "# c\nA=1\nexport B = two words # c\nC='#$x \\n' # c\nD=\"a\\nb\nc\"\n"
      "E=\nF=a#b\r\nG=\"q\\\"\"\nH=`x`");
  REQUIRE(all);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"A", "1"}, {"B", "two words"}, {"C", "#$x \\n"}, {"D", "a\nb\nc"},
      {"E", ""},  {"F", "a#b"},       {"G", "q\""},     {"H", "x"}};
  CHECK(*all == wanted);
  CHECK(parse("A=1\n\nnonsense s3cret\n").error().message ==
        ".env:3: not NAME=value");
  CHECK(parse("A=\"x\ny\n\nB=1").error().message ==
        ".env:1: a \" that is not closed");
  CHECK(parse("A=\"x\ny\" z\n").error().message ==
        ".env:2: text behind the closing quote");
  CHECK_FALSE(parse("1A=1"));
  CHECK_FALSE(parse("=1"));
}

TEST_CASE("words as a shell parts them") {
  CHECK(*shell_words(" a  'b c' \"d \\\" $e\"f\\ g '' ") ==
        std::vector<std::string>{"a", "b c", "d \" $ef g", ""});
  CHECK(shell_words("")->empty());
  CHECK_FALSE(shell_words("'"));
}

TEST_CASE("every key has its facts, and no two names mean two things") {
  for (const auto& key : keys()) {
    CAPTURE(key.name);
    CHECK(find_fact(key.name) != nullptr);
    CHECK(unaliased(key.name) == key.name);
  }
  CHECK(unaliased("exec") == "script");
  CHECK(unaliased("err_log") == "error_file");
}

}  // namespace config
