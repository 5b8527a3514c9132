// Apps that wait for others: the order of starting and stopping, and what
// becomes of those whose dependency fails.

#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "support/http.h"
#include "support/test_home.h"

namespace support {
namespace {

using nlohmann::json;

// All definitions in one request, as a configuration file gives them.
constexpr std::string_view kAsk = R"(
import socket, struct, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
asked = sys.stdin.buffer.read()
peer.sendall(b'LG\x01\x00' + struct.pack('<I', len(asked)) + asked)
got = b''
while True:
    part = peer.recv(65536)
    if not part: break
    got += part
sys.stdout.buffer.write(got[8:])
)";

json app(const TestHome& home, const std::string& name, const std::string& line,
         json more = json::object()) {
  json definition = {
      {"name", name},        {"script", line},
      {"shell", true},       {"cwd", home.work().path()},
      {"min_uptime", "1ms"}, {"env", {{"PATH", std::getenv("PATH")}}}};
  definition.update(more);
  return definition;
}

json start_all(const TestHome& home, const std::vector<json>& apps) {
  if (home.daemons().empty())
    home.must({"start", "sleep 1000", "--name", "z", "--min-uptime", "1ms"});
  json request = {{"request", "start"}, {"wait", true}};
  for (const auto& one : apps) request["definitions"].push_back(one.dump());
  RunOptions options;
  options.input = request.dump();
  const Ran ran = run(
      {"python3", "-c", std::string(kAsk), home.file("lodge.sock")}, options);
  REQUIRE(ran.exit == 0);
  return json_of(ran.out);
}

json outcome_of(const json& reply, const std::string& name) {
  for (const auto& outcome : reply.value("outcomes", json::array()))
    if (outcome.at("app") == name) return outcome;
  return json::object();
}

std::string first_time(const TestHome& home, const std::string& name,
                       const std::string& kind) {
  const auto events = home.events(name, kind);
  return events.empty() ? "none" : events[0].at("time").get<std::string>();
}

std::string reason_of(const TestHome& home, const std::string& name) {
  const auto row = json_of(home.must({"describe", name, "--json"}).out).at(0);
  return row.at("reason").is_string() ? row.at("reason").get<std::string>()
                                      : "";
}

json exec_check(const std::string& line) {
  return {
      {"health", {{"exec", line}, {"interval", "20ms"}, {"timeout", "1m"}}}};
}

}  // namespace

TEST_CASE(
    "three tiers start in order, with a health check, whatever order they are "
    "written in") {
  const TestHome home;
  const int port = free_port();
  const auto text = std::to_string(port);
  auto db =
      app(home, "db", "exec python3 -m http.server --bind 127.0.0.1 " + text);
  db["health"] = {{"http", "http://127.0.0.1:" + text + "/"},
                  {"interval", "50ms"}};
  auto api = app(home, "api", "exec sleep 1000",
                 {{"depends_on", {{"db", "healthy"}}}});
  auto web = app(home, "web", "exec sleep 1000", {{"depends_on", {"api"}}});
  const auto reply = start_all(home, {web, api, db});
  for (const auto* name : {"db", "api", "web"}) {
    CHECK(outcome_of(reply, name).at("failed") == false);
    CHECK(home.app(name).status == "online");
  }
  CHECK(first_time(home, "db", "ready") <= first_time(home, "api", "start"));
  CHECK(first_time(home, "api", "start") < first_time(home, "web", "start"));

  // Down in the other order, each when the one before is gone.
  home.must({"stop", "all"});
  CHECK(first_time(home, "web", "exit") <= first_time(home, "api", "stop"));
  CHECK(first_time(home, "api", "exit") <= first_time(home, "db", "stop"));
}

TEST_CASE(
    "the middle one failing stops the third, with the reason; it starts when "
    "that is mended") {
  const TestHome home;
  auto db = app(home, "db", "exec sleep 1000");
  auto api = app(
      home, "api", "test -e good || exit 3; exec sleep 1000",
      {{"depends_on", {"db"}}, {"max_restarts", 0}, {"min_uptime", "200ms"}});
  auto web = app(home, "web", "exec sleep 1000", {{"depends_on", {"api"}}});
  auto cdn = app(home, "cdn", "exec sleep 1000", {{"depends_on", {"web"}}});
  const auto reply = start_all(home, {cdn, web, api, db});
  CHECK(outcome_of(reply, "db").at("failed") == false);
  CHECK(outcome_of(reply, "api").at("failed") == true);
  const auto failed = outcome_of(reply, "web");
  CHECK(failed.at("failed") == true);
  const auto detail = failed.at("detail").get<std::string>();
  CHECK(detail.starts_with("not started: it depends on api, which "));
  CHECK(detail.find("exited with code 3") != std::string::npos);
  CHECK(outcome_of(reply, "cdn").at("detail") ==
        "not started: it depends on web, which was not started");
  CHECK(home.app("web").status == "waiting restart");
  CHECK(home.events("web", "start").empty());
  CHECK(home.must({"list"}).out.find("web: waiting: " + detail) !=
        std::string::npos);

  // A daemon's death changes nothing of it.
  home.kill_daemon();
  REQUIRE(wait_until([&] {
    return home.lodge({"list"}).exit == 0 &&
           home.app("web").status == "waiting restart" &&
           reason_of(home, "web").starts_with("not started: ");
  }));
  CHECK(home.app("db").status == "online");

  home.work().write("good", "");
  home.must({"start", "api"});
  CHECK(home.reaches("web", "online"));
  CHECK(home.reaches("cdn", "online"));
  // What it depends on may go and come: a dependent that runs goes on.
  const pid_t pid = home.app("web").pid;
  home.must({"restart", "api"});
  home.must({"stop", "api"});
  CHECK(home.app("web").pid == pid);
  CHECK(home.app("web").status == "online");
}

TEST_CASE("start with flags: waits for what runs, says what does not") {
  const TestHome home;
  home.must({"start", "sleep 1000", "--name", "db", "--min-uptime", "1ms"});
  home.must({"start", "sleep 1000", "--name", "api", "--min-uptime", "1ms",
             "--set", "depends_on.db=ready"});
  home.must({"stop", "api", "db"});
  const Ran ran = home.lodge({"start", "api"});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("api: not started: it depends on db, which is stopped") !=
        std::string::npos);
  CHECK(home.app("api").status == "waiting restart");
  home.must({"stop", "api"});
  CHECK(home.app("api").status == "stopped");
  home.must({"start", "db", "api"});
  CHECK(home.app("api").status == "online");
}

TEST_CASE(
    "exited: after a job that has done its work, not after one that failed") {
  const TestHome home;
  auto job = app(home, "job", "test -e good", {{"autorestart", false}});
  auto api = app(home, "api", "exec sleep 1000",
                 {{"depends_on", {{"job", "exited"}}}});
  const auto reply = start_all(home, {api, job});
  CHECK(outcome_of(reply, "api")
            .at("detail")
            .get<std::string>()
            .find("it depends on job, which is errored: exited with code 1") !=
        std::string::npos);
  home.work().write("good", "");
  home.must({"start", "job"});
  CHECK(home.reaches("api", "online"));
}

TEST_CASE("restart of several goes down and comes up in order") {
  const TestHome home;
  // Each says when it comes and, a moment later than told, when it goes.
  const auto line = [](const std::string& name) {
    return "trap 'sleep 0.2; echo " + name + " down >> order; exit 0' INT; " +
           "echo " + name + " up >> order; while :; do sleep 0.05; done";
  };
  auto db = app(home, "db", line("db"), {{"listen_timeout", "2s"}});
  db.update(exec_check("test -e good"));
  auto web =
      app(home, "web", line("web"), {{"depends_on", {{"db", "healthy"}}}});
  home.work().write("good", "");
  start_all(home, {web, db});
  REQUIRE(home.reaches("web", "online"));
  home.work().write("order", "");
  home.must({"restart", "web", "db"});
  const auto order = base::fs::read_file(home.work().file("order"));
  REQUIRE(order);
  CHECK(*order == "web down\ndb down\ndb up\nweb up\n");
  CHECK(home.app("web").restarts == 1);
  CHECK(home.app("db").restarts == 1);
  // Now its check fails.
  run({"rm", home.work().path() + "/good"});
  const Ran failed = home.lodge({"restart", "db", "web"});
  CHECK(failed.exit == 1);
  CHECK(failed.err.find("web: not started: it depends on db") !=
        std::string::npos);
}

TEST_CASE("a boot starts in order too") {
  const TestHome home;
  auto db = app(home, "db", "exec sleep 1000");
  db.update(exec_check("test -e good"));
  db["listen_timeout"] = "10m";
  auto api = app(home, "api", "exec sleep 1000",
                 {{"depends_on", {{"db", "healthy"}}}});
  home.work().write("good", "");
  start_all(home, {api, db});
  run({"rm", home.work().path() + "/good"});
  home.must({"kill"});
  home.must({"start", "sleep 1000", "--name", "other", "--min-uptime", "1ms"});
  REQUIRE(home.reaches("db", "launching"));
  REQUIRE(wait_until(
      [&] { return reason_of(home, "api") == "waits for db to be healthy"; }));
  CHECK(home.app("api").status == "waiting restart");
  home.work().write("good", "");
  CHECK(home.reaches("api", "online"));
}

TEST_CASE("cycles and unknown apps are refused, and nothing is touched") {
  const TestHome home;
  const auto reply =
      start_all(home, {app(home, "a", "sleep 1000", {{"depends_on", {"b"}}}),
                       app(home, "b", "sleep 1000", {{"depends_on", {"c"}}}),
                       app(home, "c", "sleep 1000", {{"depends_on", {"a"}}})});
  CHECK(reply.at("reply") == "error");
  CHECK(reply.at("exit_code") == 2);
  CHECK(reply.at("message") == "depends_on: a -> b -> c -> a: a cycle");
  CHECK(home.list().size() == 1);
  const Ran ran = home.lodge(
      {"start", "sleep 1000", "--name", "web", "--set", "depends_on.zz=ready"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("web: depends_on: zz: no such app") != std::string::npos);
  CHECK(home.list().size() == 1);
  // An app that runs does not join a cycle either, and keeps its definition.
  home.must({"start", "sleep 1000", "--name", "web", "--min-uptime", "1ms",
             "--set", "depends_on.z=ready"});
  const Ran closing = home.lodge(
      {"start", "sleep 1000", "--name", "z", "--set", "depends_on.web=ready"});
  CHECK(closing.exit == 2);
  CHECK(home.app("z").restarts == 0);
}

}  // namespace support
