// Health checks: what makes an app ready, and what becomes of one that is not
// healthy any more.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/http.h"
#include "support/test_home.h"

namespace support {
namespace {

// Answers with the status that is in the file `status`, 503 without one.
constexpr std::string_view kServer = R"(
import http.server, os, signal, sys
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 503
        if os.path.exists('status'):
            status = int(open('status').read() or 503)
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer.address_family = 2
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
)";

nlohmann::json row_of(const TestHome& home, const std::string& app) {
  for (const auto& row : json_of(home.must({"list", "--json"}).out))
    if (row.at("app") == app) return row;
  return {};
}

std::string reason_of(const nlohmann::json& event) {
  return event.value("reason", "");
}

}  // namespace

TEST_CASE("ready when its check passes; restarted when it fails too often") {
  const TestHome home;
  home.work().write("api.py", kServer);
  const int port = free_port();
  const auto url = "http://127.0.0.1:" + std::to_string(port) + "/health";
  home.must({"start", "api.py", "--no-wait", "--listen-timeout", "10m", "--set",
             "health.http=" + url, "--set", "health.interval=50ms", "--set",
             "health.timeout=1m", "--set", "health.retries=2", "--",
             std::to_string(port)});
  REQUIRE(wait_until([&] { return !http_get(port).empty(); }));
  // It serves, but is not well yet: the last failure is told.
  REQUIRE(wait_until([&] {
    return row_of(home, "api").at("health_reason") == url + ": answered 503";
  }));
  CHECK(home.app("api").status == "launching");
  home.work().write("status", "204");
  REQUIRE(home.reaches("api", "online"));
  CHECK(row_of(home, "api").at("health") == "healthy");
  const pid_t pid = home.app("api").pid;

  home.work().write("status", "500");
  REQUIRE(wait_until([&] { return !home.events("api", "unhealthy").empty(); }));
  CHECK(reason_of(home.events("api", "unhealthy")[0]) ==
        url + ": answered 500");
  home.work().write("status", "200");
  REQUIRE(wait_until([&] {
    const auto row = home.app("api");
    return row.status == "online" && row.pid != pid;
  }));
  CHECK(home.app("api").restarts >= 1);
  const auto exits = home.events("api", "exit");
  REQUIRE_FALSE(exits.empty());
  CHECK(reason_of(exits[0]).starts_with("was not healthy any more"));
  CHECK(home.events("api", "ready").size() >= 2);
}

TEST_CASE("without autorestart an unhealthy app is left running, and shown") {
  const TestHome home;
  home.must({"start", "sleep 1000", "--name", "app", "--no-autorestart",
             "--no-wait", "--set",
             "health.exec=test -e good || { echo disk is gone; exit 4; }",
             "--set", "health.interval=20ms", "--set", "health.timeout=1m"});
  home.work().write("good", "");
  REQUIRE(home.reaches("app", "online"));
  const pid_t pid = home.app("app").pid;
  run({"rm", home.work().path() + "/good"});
  REQUIRE(wait_until(
      [&] { return row_of(home, "app").at("health") == "unhealthy"; }));
  const auto shown = home.must({"list"}).out;
  CHECK(shown.find("online (unhealthy)") != std::string::npos);
  CHECK(shown.find("health.exec: exited with code 4: disk is gone") !=
        std::string::npos);
  CHECK(home.must({"describe", "app"}).out.find("disk is gone") !=
        std::string::npos);
  CHECK(home.app("app").pid == pid);
  CHECK(home.app("app").status == "online");  // PM2's word
  home.work().write("good", "");
  CHECK(wait_until([&] { return !home.events("app", "healthy").empty(); }));
  CHECK(row_of(home, "app").at("health") == "healthy");
}

TEST_CASE("a start whose check never passes fails with what it said last") {
  const TestHome home;
  const Ran ran =
      home.lodge({"start", "sleep 1000", "--name", "app", "--no-autorestart",
                  "--listen-timeout", "2s", "--set",
                  "health.exec=echo no table users >&2; exit 3", "--set",
                  "health.interval=20ms"});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("was not ready within 2") != std::string::npos);
  CHECK(ran.err.find("exited with code 3: no table users") !=
        std::string::npos);
}

TEST_CASE("a check that hangs is ended with all that it started") {
  const TestHome home;
  home.must({"start", "sleep 1000", "--name", "app", "--no-wait",
             "--listen-timeout", "10m", "--set",
             "health.exec=sleep 4711 & sleep 4711", "--set",
             "health.timeout=100ms", "--set", "health.interval=20ms"});
  REQUIRE(wait_until([&] {
    const auto why = row_of(home, "app").at("health_reason");
    return why.is_string() &&
           why.get<std::string>().find("did not end") != std::string::npos;
  }));
  home.must({"stop", "app"});
  CHECK(wait_until([&] {
    for (const auto& process : home.processes())
      if (process.words().find("sleep 4711") != std::string::npos) return false;
    return true;
  }));
}

TEST_CASE(
    "a port that takes connections is healthy; the check outlives a daemon") {
  const TestHome home;
  home.work().write("api.py", kServer);
  const int port = free_port();
  const auto text = std::to_string(port);
  home.must({"start", "api.py", "--set", "health.tcp=localhost:" + text,
             "--set", "health.interval=50ms", "--", text});
  CHECK(home.app("api").status == "online");
  const pid_t pid = home.app("api").pid;
  home.kill_daemon();
  REQUIRE(wait_until([&] {
    const Ran ran = home.lodge({"list", "--json"});
    return ran.exit == 0 && row_of(home, "api").at("health") == "healthy";
  }));
  CHECK(home.app("api").pid == pid);
  CHECK(home.app("api").status == "online");
  CHECK(home.events("api", "ready").size() == 1);
}

TEST_CASE("https and other nonsense is refused, with a way out") {
  const TestHome home;
  const Ran ran = home.lodge({"start", "sleep 1", "--name", "app", "--set",
                              "health.http=https://127.0.0.1/x"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("curl -fsS https://127.0.0.1/x") != std::string::npos);
  CHECK(home.lodge({"start", "sleep 1", "--name", "app", "--set",
                    "health.retries=0"})
            .exit == 2);
  CHECK(home.processes().empty());
}

}  // namespace support
