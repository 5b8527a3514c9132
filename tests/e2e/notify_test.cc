// Rules of `notify`: what fires them, how often, and that a hook, whatever it
// does, is nobody else's trouble.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

// Each message on a line of its own.
std::string to_file(const TestHome& home, const std::string& name) {
  return "cat >> " + home.work().path() + "/" + name;
}

std::vector<nlohmann::json> messages(const TestHome& home,
                                     const std::string& name) {
  const auto text = slurp(home.work().path() + "/" + name);
  // The last one may be half there.
  return json_lines(text.substr(0, text.rfind('\n') + 1));
}

std::string rules(const std::vector<nlohmann::json>& all) {
  return "notify=" + nlohmann::json(all).dump();
}

// A server that takes one request and answers 204.
class OneRequest {
 public:
  OneRequest() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
  }
  ~OneRequest() { ::close(fd_); }
  int port() const { return port_; }

  std::string take() const {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 30'000) != 1) return {};
    const int client = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    std::string text;
    char chunk[4096];
    while (text.find("}\n") == text.npos) {
      const ssize_t n = ::read(client, chunk, sizeof chunk);
      if (n <= 0) break;
      text.append(chunk, static_cast<size_t>(n));
    }
    const std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";
    (void)!::write(client, answer.data(), answer.size());
    ::close(client);
    return text;
  }

 private:
  int fd_;
  int port_ = 0;
};

}  // namespace

TEST_CASE(
    "an app that comes to errored tells its hook, once, with its last words") {
  const TestHome home;
  home.lodge({"start", "echo no such table >&2; exit 3", "--name", "bad",
              "--max-restarts", "1", "--min-uptime", "5m", "--no-wait", "--set",
              rules({{{"on", "errored"}, {"exec", to_file(home, "told")}},
                     {{"on", "exited"}, {"exec", to_file(home, "exits")}}})});
  REQUIRE(wait_until([&] { return !messages(home, "told").empty(); }));
  const auto told = messages(home, "told").front();
  CHECK(told.at("rule") == "bad:errored");
  CHECK(told.at("app") == "bad");
  CHECK(told.at("instance") == 0);
  CHECK(told.at("reason").get<std::string>().starts_with("errored"));
  REQUIRE_FALSE(told.at("last_lines").empty());
  CHECK(told.at("last_lines").back().at("message") == "no such table");
  CHECK(told.at("last_lines").back().at("stream") == "error");
  REQUIRE(wait_until([&] { return home.events("bad", "notify").size() == 2; }));
  // Two exits, one firing: it is quiet for a while.
  CHECK(messages(home, "exits").size() == 1);
  const auto listed = json_lines(home.must({"notify", "ls", "--json"}).out);
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].at("rule") == "bad:errored");
  CHECK(listed[0].at("fired") == 1);
  CHECK(listed[0].at("failed") == 0);
  CHECK(home.must({"notify", "ls"}).out.find("bad:errored") !=
        std::string::npos);
}

TEST_CASE(
    "match counts lines in its window, and fires once in its quiet time") {
  const TestHome home;
  home.start("api",
             "i=0; while :; do i=$((i+1)); echo line $i; "
             "if [ $((i % 2)) = 0 ]; then echo upstream timeout $i >&2; fi; "
             "sleep 0.01; done",
             {"--set", rules({{{"on", "match: timeou[t] [0-9]+$"},
                               {"over", "5/1m"},
                               {"quiet", "1h"},
                               {"exec", to_file(home, "told")}},
                              {{"on", "match"},
                               {"match", "never said"},
                               {"exec", to_file(home, "never")}}})});
  REQUIRE(wait_until([&] { return !messages(home, "told").empty(); }));
  const auto told = messages(home, "told").front();
  CHECK(told.at("rule") == "api:match");
  CHECK(told.at("count") == 5);
  CHECK(told.at("lines").size() == 5);
  CHECK(told.at("lines").back().at("stream") == "error");
  // Many more match meanwhile, over a new daemon too.
  home.kill_daemon();
  REQUIRE(wait_until([&] { return home.daemon_pid() != 0; }));
  REQUIRE(wait_until([&] {
    return home.must({"logs", "api", "-g", "timeout", "-n", "all", "--raw"})
               .out.size() > 4000;
  }));
  CHECK(messages(home, "told").size() == 1);
  CHECK(messages(home, "never").empty());
  CHECK(home.events("api", "notify").size() == 1);
}

TEST_CASE("a hook that fails, or hangs, is an event, and others go on") {
  const TestHome home;
  home.start(
      "api", "while :; do echo boom; sleep 0.05; done",
      {"--set",
       rules({{{"name", "hangs"}, {"on", "match: boom"}, {"exec", "sleep 600"}},
              {{"name", "fails"},
               {"on", "match: boom"},
               {"exec", "echo cannot page >&2; exit 7"}},
              {{"name", "works"},
               {"on", "match: boom"},
               {"exec", to_file(home, "told")}}})});
  REQUIRE(wait_until([&] { return home.events("api", "notify").size() == 3; }));
  for (const auto& event : home.events("api", "notify")) {
    const auto rule = event.at("rule").get<std::string>();
    const auto reason = event.value("reason", "");
    CAPTURE(reason);
    if (rule == "api:hangs") {
      CHECK(reason.find("failed: not done after 10 s") == 0);
    }
    if (rule == "api:fails") {
      CHECK(event.at("code") == 7);
      CHECK(reason.find("cannot page") != std::string::npos);
    }
    if (rule == "api:works") CHECK(event.at("code") == 0);
  }
  CHECK(home.has_status("api", "online"));
  const auto events = home.must({"events", "api", "--kind", "notify"}).out;
  CHECK(events.find("notified: api:fails") != std::string::npos);
}

TEST_CASE("a webhook gets the message as the body of a POST") {
  const TestHome home;
  const OneRequest server;
  home.lodge(
      {"start", "exit 3", "--name", "bad", "--no-autorestart", "--min-uptime",
       "5m", "--no-wait", "--set",
       rules({{{"on", "errored"},
               {"webhook", "http://127.0.0.1:" + std::to_string(server.port()) +
                               "/s3cret"}}})});
  const auto request = server.take();
  CHECK(request.starts_with("POST /s3cret HTTP/1.1\r\n"));
  const auto body = request.substr(request.find("\r\n\r\n") + 4);
  CHECK(json_of(body).at("rule") == "bad:errored");
  REQUIRE(wait_until([&] { return !home.events("bad", "notify").empty(); }));
  CHECK(home.events("bad", "notify").front().at("code") == 0);
  CHECK(home.must({"describe", "bad"}).out.find("s3cret") == std::string::npos);
  CHECK(home.must({"notify", "ls"}).out.find("s3cret") == std::string::npos);
}

TEST_CASE("a rule for all apps, by set; its hook has no app's environment") {
  const TestHome home;
  const auto rule =
      nlohmann::json::array({{{"on", "errored"},
                              {"exec", "echo \"$LODGE_APP:$TOKEN\" >> " +
                                           home.work().path() + "/told"}}});
  home.must({"set", "notify", rule.dump()});
  RunOptions with;
  with.env.emplace_back("TOKEN", "s3cret");
  for (const char* name : {"one", "two"})
    home.lodge(
        {"start", "exit 3", "--name", name, "--no-autorestart", "--no-wait"},
        with);
  // Quiet is of each app by itself.
  REQUIRE(wait_until([&] {
    const auto text = slurp(home.work().path() + "/told");
    return std::ranges::count(text, '\n') == 2;
  }));
  const auto text = slurp(home.work().path() + "/told");
  CHECK(text.find("one:\n") != std::string::npos);
  CHECK(text.find("two:\n") != std::string::npos);
  CHECK(home.lodge({"set", "notify", "[{\"on\":\"eror\"}]"}).exit == 2);
}

TEST_CASE("notify test runs the hook now, and shows how it went") {
  const TestHome home;
  home.start(
      "api", "exec sleep 1000",
      {"--set", rules({{{"on", "oom"}, {"exec", "echo got $(wc -l); exit 5"}},
                       {{"on", "errored"}, {"exec", "true"}}})});
  const auto failed = home.lodge({"notify", "test", "api:oom"});
  CHECK(failed.exit == 1);
  CHECK(failed.out.find("exit code 5") != std::string::npos);
  CHECK(failed.out.find("got 1") != std::string::npos);
  CHECK(home.must({"notify", "test", "api:errored"}).out.find("exit code 0") !=
        std::string::npos);
  CHECK(home.lodge({"notify", "test", "api:oon"}).exit == 2);
  CHECK(home.lodge({"notify", "tset", "api:oom"}).exit == 2);
}

TEST_CASE("a rule comes and goes without its app noticing") {
  const TestHome home;
  home.start("api", "while :; do echo boom; sleep 0.05; done");
  const int pid = home.app("api").pid;
  home.must(
      {"start", "while :; do echo boom; sleep 0.05; done", "--name", "api",
       "--min-uptime", "50ms", "--set",
       rules({{{"on", "match: boom"}, {"exec", to_file(home, "told")}}})});
  REQUIRE(wait_until([&] { return !messages(home, "told").empty(); }));
  CHECK(home.app("api").pid == pid);
}

}  // namespace support
