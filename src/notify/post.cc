#include "notify/post.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "base/fs.h"
#include "base/unique_fd.h"
#include "notify/tls_post.h"

namespace notify {
namespace {

using base::Errc;

constexpr int kPatienceMs = 8000;  // a step of it; the hook's limit is above
constexpr size_t kMostBody = size_t{1} << 20;
constexpr size_t kMostHead = 4096;

std::unexpected<base::Error> bad(std::string why) {
  return base::fail(Errc::Invalid, std::move(why));
}

base::Result<std::string> read_body() {
  std::string body;
  char chunk[16384];
  while (body.size() < kMostBody) {
    auto n = base::fs::read(STDIN_FILENO, chunk, "message");
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) break;
    body.append(chunk, *n);
  }
  return body;
}

bool wait_for(int fd, short what) {
  pollfd ready{fd, what, 0};
  return ::poll(&ready, 1, kPatienceMs) == 1;
}

base::Result<base::UniqueFd> connect_to(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* all = nullptr;
  const int error =
      ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &all);
  if (error != 0)
    return base::fail(Errc::NotFound, url.host + ": " + ::gai_strerror(error));
  int last = ECONNREFUSED;
  base::UniqueFd connected;
  for (const auto* at = all; at != nullptr && !connected; at = at->ai_next) {
    base::UniqueFd fd(
        ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) continue;
    if (::connect(fd.get(), at->ai_addr, at->ai_addrlen) != 0) {
      last = errno;
      if (last != EINPROGRESS) continue;
      last = ETIMEDOUT;
      if (!wait_for(fd.get(), POLLOUT)) continue;
      socklen_t size = sizeof last;
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &last, &size);
      if (last != 0) continue;
    }
    connected = std::move(fd);
  }
  ::freeaddrinfo(all);
  if (connected) return connected;
  return base::fail(
      base::fs::errno_error(last, "connect", url.host + ":" + url.port));
}

base::Status send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && wait_for(fd, POLLOUT)) continue;
    return base::fail(base::fs::errno_error(errno, "send", "webhook"));
  }
  return {};
}

base::Result<int> post_plain(const Url& url, std::string_view body) {
  auto fd = connect_to(url);
  if (!fd) return base::fail(std::move(fd.error()));
  const bool v6 = url.host.find(':') != url.host.npos;
  const auto host = v6 ? "[" + url.host + "]" : url.host;
  const auto head = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}{}\r\nUser-Agent: lodge/{}\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n",
      url.path, host, url.port == "80" ? "" : ":" + url.port, LODGE_VERSION,
      body.size());
  if (auto sent = send_all(fd->get(), head); !sent)
    return base::fail(std::move(sent.error()));
  if (auto sent = send_all(fd->get(), body); !sent)
    return base::fail(std::move(sent.error()));
  std::string answer;
  char chunk[1024];
  while (answer.size() < kMostHead && answer.find("\r\n") == answer.npos) {
    if (!wait_for(fd->get(), POLLIN))
      return base::fail(Errc::Io, "no answer came");
    auto n = base::fs::read(fd->get(), chunk, "webhook");
    if (!n && n.error().code == Errc::WouldBlock) continue;
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) break;
    answer.append(chunk, *n);
  }
  const int status = parse_status(answer);
  if (status == 0) return bad("the answer is no HTTP");
  return status;
}

base::Result<int> post() {
  const char* const text = ::getenv("LODGE_WEBHOOK");
  if (text == nullptr) return bad("LODGE_WEBHOOK is not set");
  auto url = parse_url(text);
  if (!url) return base::fail(std::move(url.error()));
  auto body = read_body();
  if (!body) return base::fail(std::move(body.error()));
  return url->tls ? post_tls(text, *body) : post_plain(*url, *body);
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
  Url url;
  url.tls = text.starts_with("https://");
  if (!url.tls && !text.starts_with("http://"))
    return bad("no URL of http or https");
  text.remove_prefix(url.tls ? 8 : 7);
  text = text.substr(0, text.find('#'));
  const auto slash = std::min(text.find_first_of("/?"), text.size());
  auto place = text.substr(0, slash);
  url.path = text.substr(slash);
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  if (!url.tls && place.find('@') != place.npos)
    return bad("a user in the URL needs https");
  if (const auto at = place.rfind('@'); at != place.npos)
    place.remove_prefix(at + 1);
  std::string_view port;
  if (place.starts_with('[')) {
    const auto end = place.find(']');
    if (end == place.npos) return bad("the URL has no host");
    url.host = place.substr(1, end - 1);
    const auto rest = place.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return bad("the URL has no port");
    port = rest.empty() ? rest : rest.substr(1);
  } else {
    const auto colon = std::min(place.find(':'), place.size());
    url.host = place.substr(0, colon);
    port = place.substr(std::min(colon + 1, place.size()));
  }
  const bool number =
      std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (url.host.empty() || !number || port.size() > 5)
    return bad("the URL has no host or a bad port");
  const std::string_view usual = url.tls ? "443" : "80";
  url.port = port.empty() ? usual : port;
  return url;
}

int parse_status(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || head[8] != ' ')
    return 0;
  int status = 0;
  const auto [end, error] =
      std::from_chars(head.data() + 9, head.data() + 12, status);
  return error == std::errc{} && end == head.data() + 12 && status >= 100
             ? status
             : 0;
}

int run_post() {
  ::signal(SIGPIPE, SIG_IGN);
  auto status = post();
  if (!status) {
    fmt::print("{}\n", status.error().message);
    return 1;
  }
  fmt::print("status {}\n", *status);
  return *status >= 200 && *status < 300 ? 0 : 1;
}

}  // namespace notify
