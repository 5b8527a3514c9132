// Apps declared in files, through the real binary: ours, PM2's, YAML, stdin.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const std::string kTalk = "echo \"$MODE $INHERITED $PORT\"; exec sleep 1000";

// An app that says what it sees of its environment; ends are not waited for.
std::string app(const std::string& name, const std::string& more = {}) {
  return "{\"name\": \"" + name +
         "\", \"script\": \"talk.sh\", \"min_uptime\": \"50ms\"" +
         (more.empty() ? "" : ", " + more) + "}";
}

// Whether the app's last line comes to be that.
bool says(const TestHome& home, const std::string& name,
          const std::string& line) {
  std::string raw;
  const bool said = wait_until([&] {
    raw = home.must({"logs", name, "--raw", "-n", "1"}).out;
    return raw == line;
  });
  CHECK_MESSAGE(said, raw);
  return said;
}

}  // namespace

TEST_CASE(
    "a file is started, left alone, changed, pruned; each app by itself") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  const auto write = [&](const std::string& apps) {
    home.work().write("lodge.config.json",
                      "// ours\n{\"apps\": [" + apps + ",]}\n");
  };
  write(app("api", R"("env": {"MODE": "one"})") + ", " + app("web") + ", " +
        app("old"));
  Ran ran = home.must({"start"});
  CHECK(has(ran.out, "[lodge] api: started"));
  CHECK(says(home, "api", "one  \n"));
  const int web = home.app("web").pid;
  ran = home.must({"start"});
  CHECK(has(ran.out, "[lodge] api: unchanged"));

  write(app("api", R"("env": {"MODE": "two"})") + ", " +
        app("web", R"("max_restarts": 3, "kill_timeout": "2s")"));
  ran = home.must({"start", "lodge.config.json", "--prune", "--dry-run"});
  CHECK(ran.out ==
        "[lodge] api: would restart (env)\n"
        "[lodge] web: would apply (max_restarts, kill_timeout)\n"
        "[lodge] old: would delete (no longer in the file)\n");
  CHECK(home.app("old").status == "online");
  ran = home.must({"start", "lodge.config.json", "--prune"});
  CHECK(has(ran.out, "[lodge] api: restarted (env)"));
  CHECK(has(ran.out, "[lodge] web: applied (max_restarts, kill_timeout)"));
  CHECK(has(ran.out, "[lodge] old: deleted"));
  CHECK(home.app("web").pid == web);
  CHECK(home.app("old").id == -1);
  CHECK(says(home, "api", "two  \n"));
  // What the file says no more has its default again, after a new daemon too.
  home.kill_daemon();
  write(app("api", R"("env": {"MODE": "two"})") + ", " + app("web"));
  ran = home.must({"start"});
  CHECK(has(ran.out, "[lodge] web: applied (max_restarts, kill_timeout)"));
  CHECK(home.app("web").pid == web);
}

TEST_CASE("PM2's ecosystem file, with its production environment") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  home.work().write("ecosystem.config.js", R"(
console.log('noise');
module.exports = {
  apps: [
    { name: '@shop/api', script: './talk.sh', instances: 2, exec_mode: 'cluster',
      increment_var: 'PORT', min_uptime: 50, vizion: false,
      env: { MODE: 'dev', PORT: 3000 },
      env_production: { MODE: 'production' } },
    { name: 'web', script: 'talk.sh', min_uptime: 50 },
  ],
  deploy: { production: { user: 'x' } },
};
)");
  const Ran ran = home.must({"start", "ecosystem.config.js", "--env",
                             "production", "--only", "@shop/api"},
                            {.env = {{"INHERITED", "yes"}}});
  CHECK(has(ran.out, "[lodge] shop-api: started 2 instances"));
  CHECK(has(ran.err, "vizion: no version control is looked at"));
  CHECK(has(ran.err, "@shop/api: here it is shop-api"));
  CHECK(home.app("web").id == -1);
  CHECK(says(home, "shop-api/0", "production yes 3000\n"));
  CHECK(says(home, "@shop/api/1", "production yes 3001\n"));
  // By its name the other environment, without the file.
  CHECK(home.lodge({"restart", "shop-api", "--env", "staging"}).exit != 0);
  home.must({"stop", "ecosystem.config.js"});
  CHECK(home.reaches("shop-api", "stopped"));
  home.must({"start", "@shop/api"});
  home.must({"delete", "ecosystem.config.js", "--only", "@shop/api"});
  CHECK(home.app("shop-api").id == -1);
  const Ran none = home.lodge({"stop", "ecosystem.config.js"});
  CHECK(none.exit == 2);
  CHECK(has(none.err, "none of its apps is known"));
}

TEST_CASE("the caller's environment stays frozen while env is applied") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  const auto write = [&](const std::string& mode) {
    home.work().write("lodge.config.yaml",
                      "- name: api\n  script: talk.sh\n  min_uptime: 50ms\n"
                      "  env: {MODE: " +
                          mode +
                          "}\n"
                          "  env_blue: {MODE: blue}\n");
  };
  write("one");
  home.must({"start"}, {.env = {{"INHERITED", "first"}}});
  CHECK(says(home, "api", "one first \n"));
  write("two");
  CHECK(has(home.must({"start"}, {.env = {{"INHERITED", "second"}}}).out,
            "restarted (env)"));
  CHECK(says(home, "api", "two first \n"));
  CHECK(
      has(home.must({"start", "api", "--env", "blue"}).out, "restarted (env)"));
  CHECK(says(home, "api", "blue first \n"));
  CHECK(has(
      home.must({"start", "--update-env"}, {.env = {{"INHERITED", "third"}}})
          .out,
      "restarted (env)"));
  CHECK(says(home, "api", "two third \n"));
  const Ran bad = home.lodge({"restart", "api", "--env", "blu"});
  CHECK(has(bad.err, "did you mean blue?"));
  CHECK(bad.exit != 0);
  // Restarted by its file: also when nothing has changed.
  CHECK(has(home.must({"restart", "lodge.config.yaml"}).out,
            "[lodge] api: restarted"));
}

TEST_CASE("a file with a fault touches nothing, and says where it is") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  home.work().write("lodge.config.json", "[" + app("api") + "]");
  home.must({"start"});
  const int pid = home.app("api").pid;
  home.work().write("lodge.config.json",
                    "[" + app("api", "\"args\": \"x\"") + ",\n" + app("new") +
                        ",\n" + app("web", "\"max_restart\": 1") + "]");
  const Ran ran = home.lodge({"start"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.starts_with(
      "lodge: start: lodge.config.json:3: max_restart: no such setting · did "
      "you mean max_restarts?\n"));
  CHECK(home.app("api").pid == pid);
  CHECK(home.app("new").id == -1);
  // One that can't be run is found before any is started, too.
  home.work().write(
      "lodge.config.json",
      "[" + app("new") + ",\n{\"name\": \"b\", \"script\": \"nope.sh\"}]");
  const Ran missing = home.lodge({"start"});
  CHECK(missing.exit == 2);
  CHECK(has(missing.err, "lodge.config.json:2: script: nope.sh: no such file"));
  CHECK(home.app("new").id == -1);
}

TEST_CASE("paths are the file's, not those of who starts it") {
  const TestHome home;
  const auto sub = home.work().file("sub");
  std::filesystem::create_directory(sub);
  home.work().write("sub/talk.sh", kTalk);
  home.work().write("sub/pm2.json", app("api"));
  home.must({"start", "sub/pm2.json"});
  CHECK(says(home, "api", "  \n"));
  home.work().write("here.sh", kTalk);
  home.work().write("sub/pm2.json", R"({"name": "b", "script": "here.sh"})");
  const Ran ran = home.lodge({"start", "sub/pm2.json"});
  CHECK(ran.exit == 2);
  CHECK(has(ran.err, "set \"cwd\": \"" + home.work().path() + "\""));
}

TEST_CASE("stdin is JSON or YAML") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  home.must({"start", "-"}, {.input = "[" + app("a") + "]"});
  home.must(
      {"start", "-"},
      {.input = "apps:\n  - {name: b, script: talk.sh, min_uptime: 50}\n"});
  CHECK(home.app("a").status == "online");
  CHECK(home.app("b").status == "online");
  const Ran ran = home.lodge({"start", "-"}, {.input = "{\n \"apps\": [}"});
  CHECK(ran.exit == 2);
  CHECK(has(ran.err, "lodge: start: stdin:2: a value is missing here"));
}

TEST_CASE("validate and init need no daemon, and start none") {
  const TestHome home;
  const Ran none = home.lodge({"validate"});
  CHECK(none.exit == 2);
  CHECK(has(none.err, "looked for lodge.config.{json,yaml,yml}"));
  CHECK(home.lodge({"start"}).exit == 2);
  home.must({"init"});
  const Ran again = home.lodge({"ecosystem"});
  CHECK(again.exit == 1);
  CHECK(has(again.err, "lodge.config.json: it is there already"));
  CHECK(has(home.lodge({"validate"}).err, "script: app.js: no such file"));
  home.work().write("app.js", "");
  CHECK(home.must({"validate"}).out == "lodge.config.json: good: 1 app: app\n");
  home.must({"init", "--js"});
  CHECK(home.must({"validate", "ecosystem.config.js", "--env", "production"})
            .out == "ecosystem.config.js: good: 1 app: app\n");
  home.work().write("bad.json", "{\"apps\": [\n {\"script\": app.js}]}");
  const Ran bad = home.lodge({"validate", "bad.json"});
  CHECK(bad.exit == 2);
  CHECK(bad.err ==
        "lodge: validate: bad.json:2: 'app.js' is no value · text stands in "
        "quotes\n   {\"script\": app.js}]}\n              ^\n");
  const auto json = json_of(home.lodge({"validate", "bad.json", "--json"}).err);
  CHECK(json.at("error").at("why") == "'app.js' is no value");
  REQUIRE(::mkfifo(home.work().file("fifo.yaml").c_str(), 0600) == 0);
  CHECK(home.lodge({"validate", "fifo.yaml"}).exit == 2);
  CHECK(home.daemons().empty());
}

TEST_CASE("validate refuses what start would: who waits for whom") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  const auto validate = [&](const std::string& apps) {
    home.work().write("order.json", "{\"apps\": [" + apps + "]}");
    return home.lodge({"validate", "order.json"});
  };
  const Ran cycle = validate(app("a", R"("depends_on": ["b"])") + ", " +
                             app("b", R"("depends_on": ["c"])") + ", " +
                             app("c", R"("depends_on": ["a"])"));
  CHECK(cycle.exit == 2);
  CHECK(has(cycle.err, "order.json: depends_on: a -> b -> c -> a: a cycle"));
  const Ran unhealthy =
      validate(app("a", R"("depends_on": {"b": "healthy"})") + ", " + app("b"));
  CHECK(unhealthy.exit == 2);
  CHECK(has(unhealthy.err, "it has no health check"));
  // Another app may be there already.
  const Ran other = validate(app("a", R"("depends_on": ["db"])"));
  CHECK(other.exit == 0);
  CHECK(has(other.err, "order.json: a: depends_on: db: not in it"));
}

TEST_CASE("variables from files, and those that are not inherited") {
  const TestHome home;
  home.work().write("talk.sh", kTalk);
  home.work().write(".env", "MODE=file\nPORT=1\n");
  home.work().write("lodge.config.json",
                    app("api", R"("env_file": ".env", "env": {"PORT": 2},
                        "filter_env": ["INHER"])"));
  home.must({"start"}, {.env = {{"INHERITED", "no"}}});
  CHECK(says(home, "api", "file  2\n"));
  home.start("flag", kTalk, {"--env-file", ".env"});
  CHECK(says(home, "flag", "file  1\n"));
  home.work().write(".env", "MODE=file\noops\n");
  const Ran ran = home.lodge({"start"});
  CHECK(ran.exit == 2);
  CHECK(has(ran.err, ".env:2: not NAME=value"));
}

}  // namespace support
