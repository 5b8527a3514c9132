// One look at whether a service answers.
#include "base/probe.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <thread>

using base::http_status;
using base::parse_http_endpoint;
using base::parse_tcp_endpoint;

namespace {

// Listens on a port of 127.0.0.1; answers one connection with `answer`, or
// never when that is empty.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                   size) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                  &size);
    port_ = ntohs(address.sin_port);
    if (answer.empty()) return;
    thread_ = std::jthread([this, answer = std::move(answer)] {
      const base::UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      char request[1024];
      const auto n = ::read(peer.get(), request, sizeof request);
      if (n > 0) request_.assign(request, static_cast<size_t>(n));
      (void)!::write(peer.get(), answer.data(), answer.size());
    });
  }
  uint16_t port() const { return port_; }
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  base::UniqueFd listener_;
  uint16_t port_ = 0;
  std::string request_;
  std::jthread thread_;  // last: it ends before what it uses
};

base::Status look(base::Endpoint endpoint,
                  std::chrono::milliseconds timeout = std::chrono::minutes{1}) {
  base::EventLoop loop;
  base::WorkerPool resolver(1);
  base::Status result;
  base::Probe probe(loop, resolver, std::move(endpoint), timeout,
                    [&](base::Status status) {
                      result = std::move(status);
                      loop.stop();
                    });
  loop.run();
  return result;
}

}  // namespace

TEST_CASE("endpoints as they are written") {
  CHECK(*parse_http_endpoint("http://a.example:8080/h?x=1#y") ==
        base::Endpoint{"a.example", 8080, "/h?x=1"});
  CHECK(*parse_http_endpoint("http://a") == base::Endpoint{"a", 80, "/"});
  CHECK(*parse_http_endpoint("http://a?x") == base::Endpoint{"a", 80, "/?x"});
  CHECK(*parse_http_endpoint("http://[::1]:81/") ==
        base::Endpoint{"::1", 81, "/"});
  CHECK(*parse_tcp_endpoint("[::1]:5432") == base::Endpoint{"::1", 5432, ""});
  CHECK(*parse_tcp_endpoint("db:5432") == base::Endpoint{"db", 5432, ""});
  for (const auto* bad :
       {"", "http://", "http:///x", "ftp://a", "a:80", "http://a:0/",
        "http://a:99999/", "http://a:/", "http://a b/", "http://a/ b",
        "http://user@a/", "http://[::1/", "http://a/\r\nX: y"})
    CHECK_MESSAGE(!parse_http_endpoint(bad), bad);
  for (const auto* bad : {"", "db", ":80", "db:", "db:x", "::1:80", "[::1]"})
    CHECK_MESSAGE(!parse_tcp_endpoint(bad), bad);
  CHECK(parse_http_endpoint("https://a/").error().hint.find("curl") !=
        std::string::npos);
}

TEST_CASE("the status of an answer, from any part of it") {
  CHECK(http_status("HTTP/1.1 204 No Content\r\n") == 204);
  CHECK(http_status("HTTP/1.0 200") == 200);
  CHECK(http_status("HTTP/1.1 200\r\n") == 200);
  for (const auto* some : {"", "H", "HTTP/1.", "HTTP/1.1 20"})
    CHECK(http_status(some) == std::nullopt);
  for (const auto* bad : {"SSH-2.0", "HTTP/2 200 OK", "HTTP/1.1 x00 y",
                          "HTTP/1.1\r\n\r\n", "HTTP/1.1x200 OK"})
    CHECK(http_status(bad) == -1);
}

TEST_CASE("2xx and 3xx are good, the rest says what was answered") {
  struct Row {
    std::string answer;
    std::string why;  // empty = good
  };
  for (const auto& row :
       std::vector<Row>{{"HTTP/1.1 200 OK\r\n\r\n", ""},
                        {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", ""},
                        {"HTTP/1.0 204 No Content\n\n", ""},
                        {"HTTP/1.1 200 OK\r\n", ""},  // and then it closed
                        {"HTTP/1.1 500 Oh\r\n\r\n", "answered 500"},
                        {"HTTP/1.1 404 Not Found\r\n\r\n", "answered 404"},
                        {"SSH-2.0-OpenSSH\r\n", "what answers is not HTTP"}}) {
    OneAnswer server(row.answer);
    const auto result = look({"127.0.0.1", server.port(), "/health"});
    CAPTURE(row.answer);
    CHECK(static_cast<bool>(result) == row.why.empty());
    if (!result) CHECK(result.error().message == row.why);
    const auto request = server.request();
    CHECK(request.starts_with("GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
  }
}

TEST_CASE("a port that takes connections is good; one that does not is not") {
  uint16_t port = 0;
  {
    OneAnswer server("");
    port = server.port();
    CHECK(look({"127.0.0.1", port, ""}));
    // "localhost" needs no looking up, whichever family the server is of.
    CHECK(look({"localhost", port, ""}));
    // It takes the connection, but never answers.
    const auto late =
        look({"127.0.0.1", port, "/"}, std::chrono::milliseconds{50});
    REQUIRE_FALSE(late);
    CHECK(late.error().code == base::Errc::Timeout);
  }
  const auto refused = look({"127.0.0.1", port, ""});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "Connection refused");
}

TEST_CASE("a name that nobody knows is said") {
  const auto unknown = look({"no-such-host.invalid", 80, "/"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.starts_with("no-such-host.invalid: "));
}

TEST_CASE("a probe that is destroyed says nothing") {
  OneAnswer server("");
  base::EventLoop loop;
  base::WorkerPool resolver(1);
  bool told = false;
  {
    const base::Probe probe(loop, resolver, {"127.0.0.1", server.port(), ""},
                            std::chrono::milliseconds{10},
                            [&](const base::Status&) { told = true; });
  }
  base::Timer enough(loop, [&] { loop.stop(); });
  enough.start(std::chrono::milliseconds{50});
  loop.run();
  CHECK_FALSE(told);
}
