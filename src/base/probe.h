#pragma once
// One look at whether a service answers: a TCP connection that is accepted, or
// an HTTP/1.1 GET that is answered with 2xx or 3xx. Never blocks: sockets are
// watched by the loop, and only names other than numbers and "localhost" are
// looked up, on a worker. Lives on the loop's thread.

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/worker_pool.h"

namespace base {

struct Endpoint {
  std::string host;  // without the brackets of an IPv6 address
  uint16_t port = 0;
  std::string path;  // with the query; empty = TCP alone
  bool operator==(const Endpoint&) const = default;
};

// "host:port", "[::1]:5432". Errc::Invalid.
Result<Endpoint> parse_tcp_endpoint(std::string_view text);
// "http://host[:port][/path][?query]". Errc::Invalid; https is refused with a
// way out.
Result<Endpoint> parse_http_endpoint(std::string_view text);

// The status of an HTTP answer whose beginning is `text`: nullopt = there is
// not enough of it yet, -1 = it is no HTTP.
std::optional<int> http_status(std::string_view text);

class Probe {
 public:
  // `done` comes once and may destroy the probe; not from within the
  // constructor, and never once the probe is destroyed. Its errors are words
  // for the user, without the address.
  Probe(EventLoop& loop, WorkerPool& resolver, Endpoint endpoint,
        std::chrono::milliseconds timeout, std::function<void(Status)> done);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
  };
  using Addresses = std::vector<Address>;
  static Result<Addresses> look_up(const Endpoint& endpoint, bool numeric);
  void resolve(WorkerPool& resolver);
  void connect();
  void on_ready(int ready);
  void on_connected();
  void send();
  void receive();
  void finish(Status status);

  EventLoop& loop_;
  const Endpoint endpoint_;
  const std::chrono::milliseconds timeout_;
  std::function<void(Status)> done_;
  Timer timer_;
  Addresses addresses_;
  size_t next_ = 0;
  UniqueFd socket_;
  std::unique_ptr<FdWatch> watch_;  // destroyed before the socket closes
  bool connected_ = false;
  std::string unsent_;
  std::string answer_;
  // Expires with the probe: for what comes from other threads.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace base
