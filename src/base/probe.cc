#include "base/probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <string.h>

#include <cerrno>
#include <charconv>

#include "base/fs.h"
#include "base/units.h"

namespace base {
namespace {

constexpr size_t kMostOfAnswer = size_t{16} << 10;

std::unexpected<Error> bad(std::string why, std::string hint) {
  return fail(Errc::Invalid, std::move(why), std::move(hint));
}

std::optional<uint16_t> port_in(std::string_view text) {
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || at != end || port == 0) return std::nullopt;
  return port;
}

bool is_host(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == '@' || c == '/' ||
        c == '\x7f')
      return false;
  return true;
}

// "host:port", "host", "[::1]:port", "[::1]".
std::optional<Endpoint> split(std::string_view text, uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  std::string_view after;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return std::nullopt;
    endpoint.host = text.substr(1, close - 1);
    after = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    if (colon != text.npos) after = text.substr(colon);
  }
  if (!is_host(endpoint.host)) return std::nullopt;
  if (after.empty()) return endpoint;
  const auto given = port_in(after.substr(1));
  if (after.front() != ':' || !given) return std::nullopt;
  endpoint.port = *given;
  return endpoint;
}

std::string request_for(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}{}{}:{}\r\nUser-Agent: lodge\r\n"
      "Accept: */*\r\nConnection: close\r\n\r\n",
      endpoint.path, v6 ? "[" : "", endpoint.host, v6 ? "]" : "",
      endpoint.port);
}

}  // namespace

Result<Endpoint> parse_tcp_endpoint(std::string_view text) {
  auto endpoint = split(text, 0);
  if (!endpoint || endpoint->port == 0)
    return bad(fmt::format("'{}' is not host:port", text),
               "for example: 127.0.0.1:5432");
  return std::move(*endpoint);
}

Result<Endpoint> parse_http_endpoint(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://"))
    return bad(fmt::format("{}: only http:// is spoken here", text),
               fmt::format("with TLS: health.exec \"curl -fsS {}\"", text));
  if (!text.starts_with(kScheme))
    return bad(fmt::format("'{}' is not http://host[:port][/path]", text),
               "for example: http://127.0.0.1:3000/health");
  const auto rest = text.substr(kScheme.size());
  const auto slash = std::min(rest.find_first_of("/?#"), rest.size());
  auto endpoint = split(rest.substr(0, slash), 80);
  auto path = rest.substr(slash);
  path = path.substr(0, path.find('#'));
  const bool plain = path.find_first_of(" \t\r\n") == path.npos;
  if (!endpoint || !plain)
    return bad(fmt::format("'{}' is not http://host[:port][/path]", text),
               "for example: http://127.0.0.1:3000/health");
  endpoint->path =
      path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  return std::move(*endpoint);
}

std::optional<int> http_status(std::string_view text) {
  constexpr std::string_view kStart = "HTTP/1.";
  const auto begin = text.substr(0, kStart.size());
  if (begin != kStart.substr(0, begin.size())) return -1;
  const auto line = text.substr(0, text.find('\n'));
  // "HTTP/1.1 200": the words behind it are optional.
  if (line.size() < 12) {
    if (line.size() < text.size()) return -1;
    return std::nullopt;
  }
  int status = 0;
  const auto [at, error] =
      std::from_chars(line.data() + 9, line.data() + 12, status);
  if (line[8] != ' ' || error != std::errc{} || at != line.data() + 12)
    return -1;
  return status;
}

Probe::Probe(EventLoop& loop, WorkerPool& resolver, Endpoint endpoint,
             std::chrono::milliseconds timeout,
             std::function<void(Status)> done)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      timeout_(timeout),
      done_(std::move(done)),
      timer_(loop, [this] {
        finish(fail(Errc::Timeout, fmt::format("no answer within {}",
                                               exact_duration(timeout_))));
      }) {
  timer_.start(timeout_);
  resolve(resolver);
}

Probe::~Probe() = default;

Result<Probe::Addresses> Probe::look_up(const Endpoint& endpoint,
                                        bool numeric) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0);
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(endpoint.host.c_str(),
                    std::to_string(endpoint.port).c_str(), &wanted, &found);
  if (error != 0)
    return fail(Errc::NotFound,
                fmt::format("{}: {}", endpoint.host, ::gai_strerror(error)));
  Addresses all;
  for (const auto* one = found; one != nullptr; one = one->ai_next) {
    auto& address = all.emplace_back();
    ::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return all;
}

void Probe::resolve(WorkerPool& resolver) {
  const auto take =
      [this, alive = std::weak_ptr<int>(alive_)](Result<Addresses> found) {
        if (alive.expired()) return;
        if (!found) return finish(fail(std::move(found.error())));
        addresses_ = std::move(*found);
        connect();
      };
  Addresses known;
  if (endpoint_.host == "localhost") {
    for (const auto* host : {"127.0.0.1", "::1"})
      if (auto one = look_up({host, endpoint_.port, {}}, true); one)
        known.insert(known.end(), one->begin(), one->end());
  } else if (auto one = look_up(endpoint_, true); one) {
    known = std::move(*one);
  }
  if (!known.empty()) {
    loop_.post([take, known = std::move(known)] { take(known); });
    return;
  }
  resolver.submit([take, endpoint = endpoint_, &loop = loop_] {
    auto found = look_up(endpoint, false);
    loop.post([take, found = std::move(found)] { take(found); });
  });
}

// Each address in its turn; of the last one's failure it is told.
void Probe::connect() {
  int error = ECONNREFUSED;
  while (next_ < addresses_.size()) {
    const auto& address = addresses_[next_++];
    watch_.reset();
    socket_.reset(::socket(address.storage.ss_family,
                           SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) {
      error = errno;
      continue;
    }
    const int connected = ::connect(
        socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage),
        address.size);
    if (connected < 0 && errno != EINPROGRESS) {
      error = errno;
      continue;
    }
    watch_ = std::make_unique<FdWatch>(loop_, socket_.get(),
                                       [this](int ready) { on_ready(ready); });
    watch_->want(FdWatch::Writable);
    return;
  }
  finish(fail(Errc::Unavailable, ::strerror(error)));
}

void Probe::on_ready(int ready) {
  if (!connected_) return on_connected();
  if ((ready & FdWatch::Writable) != 0) return send();
  receive();
}

void Probe::on_connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    if (next_ < addresses_.size()) return connect();
    return finish(fail(Errc::Unavailable, ::strerror(error)));
  }
  connected_ = true;
  if (endpoint_.path.empty()) return finish({});
  unsent_ = request_for(endpoint_);
  send();
}

void Probe::send() {
  const auto n =
      ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    return finish(fail(Errc::Unavailable, ::strerror(errno)));
  if (n > 0) unsent_.erase(0, static_cast<size_t>(n));
  watch_->want(unsent_.empty() ? FdWatch::Readable : FdWatch::Writable);
}

// Until the end of the head: who is cut off in the middle of it may complain in
// its log.
void Probe::receive() {
  char chunk[4096];
  auto n = fs::read(socket_.get(), chunk, "answer");
  if (!n && n.error().code == Errc::WouldBlock) return;
  if (!n) return finish(fail(Errc::Unavailable, n.error().message));
  answer_.append(chunk, *n);
  const auto status = http_status(answer_);
  const bool over = *n == 0 || answer_.size() > kMostOfAnswer;
  const bool whole = answer_.find("\r\n\r\n") != answer_.npos ||
                     answer_.find("\n\n") != answer_.npos;
  if (status == -1 || (over && !status))
    return finish(fail(Errc::Unavailable, answer_.empty()
                                              ? "closed without an answer"
                                              : "what answers is not HTTP"));
  if (!status || (!whole && !over)) return;
  if (*status >= 200 && *status < 400) return finish({});
  finish(fail(Errc::Unavailable, fmt::format("answered {}", *status)));
}

void Probe::finish(Status status) {
  timer_.stop();
  watch_.reset();
  socket_.reset();
  alive_.reset();
  // Last: it may be the end of us.
  if (auto done = std::exchange(done_, {})) done(std::move(status));
}

}  // namespace base
