#include "control/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/clock.h"
#include "base/fs.h"
#include "base/pages.h"
#include "base/unique_fd.h"
#include "base/unix_socket.h"
#include "control/framing.h"

namespace control {
namespace {

using base::Errc;
using base::UniqueFd;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

milliseconds left_until(base::MonoTime deadline) {
  const auto left =
      std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
  return std::max(left, milliseconds(0));
}

bool is_harmless(const Request& request) {
  return std::holds_alternative<PingRequest>(request) ||
         std::holds_alternative<ListRequest>(request);
}

std::unexpected<base::Error> silent(milliseconds waited,
                                    const Request& request) {
  return base::fail(
      Errc::Timeout,
      fmt::format("the daemon did not answer within {} s",
                  std::chrono::ceil<std::chrono::seconds>(waited).count()),
      is_harmless(request)
          ? "it may be stopped or overloaded; its diary is lodge.log in the "
            "home"
          : "it may be stopped or overloaded, and may still do what was asked "
            "when it goes on");
}

base::Result<UniqueFd> connect_to(const base::Home& home,
                                  base::MonoTime deadline) {
  auto socket = base::connect_unix(home.socket(), deadline);
  if (socket) return socket;
  if (socket.error().code == Errc::Unavailable)
    return base::fail(Errc::Unavailable, "no daemon in " + home.root());
  if (socket.error().code == Errc::Timeout)
    return base::fail(Errc::Timeout, "the daemon takes no connections",
                      "it may be stopped or overloaded");
  return socket;
}

// Readiness, or Errc::Timeout.
base::Status wait_for(int socket, short events, base::MonoTime deadline) {
  for (;;) {
    pollfd poll{.fd = socket, .events = events, .revents = 0};
    const auto left = left_until(deadline).count();
    const int ready =
        ::poll(&poll, 1, static_cast<int>(std::min<int64_t>(left, 3'600'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return base::fail(base::fs::errno_error(errno, "poll", "the daemon"));
    if (left_until(deadline).count() == 0)
      return base::fail(Errc::Timeout, "no answer");
  }
}

base::Status send_all(int socket, std::string_view bytes,
                      base::MonoTime deadline) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    // It hung up early. Why may be waiting for us: a refusal.
    if (errno == EPIPE || errno == ECONNRESET) return {};
    if (errno != EAGAIN)
      return base::fail(base::fs::errno_error(errno, "send", "the daemon"));
    if (auto ready = wait_for(socket, POLLOUT, deadline); !ready) return ready;
  }
  return {};
}

constexpr size_t kLargeReply = size_t{64} << 10;

// One conversation's receiving half: it can be gone on with after a timeout.
class Answer {
 public:
  explicit Answer(int socket) : socket_(socket) {}

  base::Result<Reply> wait(base::MonoTime deadline) {
    std::array<char, size_t{32} << 10> piece;  // NOLINT(*-member-init)
    for (;;) {
      auto frame = reader_.next();
      if (!frame) return base::pass(std::move(frame), "daemon");
      if (*frame) {
        // Hundreds of rows: they and what is shown of them take as much.
        if ((*frame)->size() > kLargeReply)
          base::warm_heap(8 * (*frame)->size());
        return decode_reply(**frame);
      }
      if (auto ready = wait_for(socket_, POLLIN, deadline); !ready)
        return base::fail(std::move(ready.error()));
      const ssize_t got =
          ::recv(socket_, piece.data(), piece.size(), MSG_DONTWAIT);
      if (got > 0) {
        reader_.feed({piece.data(), static_cast<size_t>(got)});
        continue;
      }
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got == 0 || errno == ECONNRESET)
        return base::fail(Errc::Io, "the daemon ended before it answered",
                          "lodge list shows what was done");
      return base::fail(base::fs::errno_error(errno, "recv", "the daemon"));
    }
  }

 private:
  int socket_;
  FrameReader reader_{kReplyCap};
};

// `frame` is the request's.
base::Result<Reply> ask_once(const base::Home& home, const Request& request,
                             const std::string& frame,
                             const Patience& patience) {
  auto deadline = SteadyClock::now() + patience.silence;
  auto socket = connect_to(home, deadline);
  if (!socket) return base::fail(std::move(socket.error()));
  Answer answer(socket->get());
  auto sent = send_all(socket->get(), frame, deadline);
  if (!sent) {
    if (sent.error().code == Errc::Timeout)
      return silent(patience.silence, request);
    return base::fail(std::move(sent.error()));
  }
  if (!patience.while_alive) {
    auto reply = answer.wait(deadline);
    if (!reply && reply.error().code == Errc::Timeout)
      return silent(patience.silence, request);
    return reply;
  }
  // Half of the silence for the answer, half for the sign of life.
  const auto half = patience.silence / 2;
  for (;;) {
    auto reply = answer.wait(SteadyClock::now() + half);
    if (reply || reply.error().code != Errc::Timeout) return reply;
    auto alive = ask(home, PingRequest{}, {}, {.silence = half});
    if (!alive && alive.error().code == Errc::Timeout)
      return silent(patience.silence, request);
  }
}

}  // namespace

base::Result<int> listener_pid(const base::Home& home) {
  auto socket = connect_to(home, SteadyClock::now() + Patience{}.silence);
  if (!socket) return base::fail(std::move(socket.error()));
  ucred maker{};  // of a connected client's peer: who called listen(2)
  socklen_t size = sizeof maker;
  if (::getsockopt(socket->get(), SOL_SOCKET, SO_PEERCRED, &maker, &size) != 0)
    return base::fail(base::fs::errno_error(errno, "peer", "the daemon"));
  return maker.pid;
}

base::Result<Reply> ask(const base::Home& home, const Request& request,
                        const Caller& caller, const Patience& patience) {
  auto frame = make_frame(encode(request, caller), kRequestCap);
  if (!frame) return base::fail(std::move(frame.error()));
  auto reply = ask_once(home, request, *frame, patience);
  // A daemon that died is back within a second, behind the same socket; what
  // only looks may be asked again.
  if (!reply && reply.error().code == Errc::Io && is_harmless(request))
    reply = ask_once(home, request, *frame, patience);
  return reply;
}

}  // namespace control
