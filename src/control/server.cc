#include "control/server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "control/codec.h"
#include "control/framing.h"

namespace control {
namespace {

using base::FdWatch;
using base::UniqueFd;

// How many to accept before other events have their turn.
constexpr int kAcceptBatch = 64;

std::optional<Peer> peer_of(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
    return std::nullopt;
  return Peer{.pid = who.pid, .uid = who.uid, .gid = who.gid, .caller = {}};
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(base::EventLoop& loop, UniqueFd listener, Handler& handler,
       const ServerLimits& limits)
      : loop_(loop),
        handler_(handler),
        limits_(limits),
        listener_(std::move(listener)),
        accepting_(loop, listener_.get(), [this](int) { accept_some(); }),
        resume_(loop, [this] { accepting_.want(FdWatch::Readable); }),
        sweep_(loop, [this] { close_idle(); }) {
    accepting_.want(FdWatch::Readable);
  }

  size_t connections() const { return open_.size(); }
  bool replying() const {
    return std::ranges::any_of(open_, [](const auto& entry) {
      return entry.second->state == State::Writing;
    });
  }

 private:
  enum class State { Reading, Handling, Writing };

  struct Connection {
    UniqueFd socket;
    Peer peer;
    State state = State::Reading;
    FrameReader reader{kRequestCap};
    std::string output;
    size_t written = 0;
    base::MonoTime progress = std::chrono::steady_clock::now();
    std::optional<FdWatch> watch;  // after the socket: destroyed before it
  };
  // By age.
  using Connections = std::map<uint64_t, std::unique_ptr<Connection>>;

  Connection* find(uint64_t id) {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : found->second.get();
  }

  void accept_some() {
    for (int i = 0; i < kAcceptBatch; ++i) {
      if (!make_room()) {
        // close_connection() makes some, or the silent ones overstay.
        full_ = true;
        accepting_.want(0);
        resume_.start(limits_.accept_pause);
        return;
      }
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr,
                                SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (socket) {
        starved_ = false;
        admit(std::move(socket));
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) pause_accepting(errno);
      return;
    }
  }

  // When all places are taken, those go that had time to send their request
  // and did not: a burst of honest ones is read first.
  bool make_room() {
    if (open_.size() < limits_.connections) return true;
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(open_, [&](const auto& entry) {
      return entry.second->state == State::Reading &&
             now - entry.second->progress >= limits_.accept_pause;
    });
    return open_.size() < limits_.connections;
  }

  // Out of descriptors, as a rule: the listener stays readable, so watching it
  // would spin.
  void pause_accepting(int error) {
    if (!std::exchange(starved_, true))  // once, not ten times a second
      base::log::warn("control: accept: {}", std::strerror(error));
    accepting_.want(0);
    resume_.start(limits_.accept_pause);
  }

  void admit(UniqueFd socket) {
    auto peer = peer_of(socket.get());
    if (!peer) return;
    if (peer->uid != ::geteuid() && peer->uid != 0) {
      base::log::warn("control: refused user {} (pid {})", peer->uid,
                      peer->pid);
      return;
    }
    const uint64_t id = next_id_++;
    auto connection = std::make_unique<Connection>();
    connection->socket = std::move(socket);
    connection->peer = std::move(*peer);
    connection->watch.emplace(loop_, connection->socket.get(),
                              [this, id](int) { on_ready(id); });
    connection->watch->want(FdWatch::Readable);
    if (open_.empty()) sweep_.start(limits_.idle / 4, limits_.idle / 4);
    open_.emplace(id, std::move(connection));
  }

  void on_ready(uint64_t id) {
    const auto self = shared_from_this();  // the handler may end the server
    Connection* connection = find(id);
    if (connection == nullptr) return;
    if (connection->state == State::Writing)
      write_some(id, *connection);
    else
      read_some(id, *connection);
  }

  void read_some(uint64_t id, Connection& connection) {
    const ssize_t got =
        ::recv(connection.socket.get(), input_.data(), input_.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    // Gone; or it has more to say while its request is worked on, which no
    // client of ours has.
    if (got <= 0 || connection.state == State::Handling)
      return close_connection(id);
    connection.progress = std::chrono::steady_clock::now();
    connection.reader.feed({input_.data(), static_cast<size_t>(got)});
    auto payload = connection.reader.next();
    if (!payload) return refuse(id, connection, payload.error());
    if (!*payload) return;
    auto asked = decode_request(**payload);
    if (!asked) return refuse(id, connection, asked.error());
    connection.state = State::Handling;
    // A copy: a reply given at once ends the connection under the handler.
    Peer peer = connection.peer;
    peer.caller = std::move(asked->caller);
    handler_.handle(asked->request, peer,
                    [self = weak_from_this(), id](const Reply& reply) {
                      if (const auto server = self.lock())
                        server->answer(id, reply);
                    });
  }

  void refuse(uint64_t id, Connection& connection, const base::Error& error) {
    connection.state = State::Handling;
    answer(id,
           ErrorReply{
               .message = error.message, .hint = error.hint, .exit_code = 1});
  }

  void answer(uint64_t id, const Reply& reply) {
    Connection* connection = find(id);
    if (connection == nullptr || connection->state != State::Handling) return;
    auto frame = make_frame(encode(reply), kReplyCap);
    if (!frame)
      frame = make_frame(encode(ErrorReply{.message = frame.error().message,
                                           .hint = "ask for fewer apps",
                                           .exit_code = 1}),
                         kReplyCap);
    connection->output = std::move(*frame);
    connection->state = State::Writing;
    connection->progress = std::chrono::steady_clock::now();
    write_some(id, *connection);
  }

  void write_some(uint64_t id, Connection& connection) {
    while (connection.written < connection.output.size()) {
      const auto left =
          std::string_view(connection.output).substr(connection.written);
      const ssize_t sent = ::send(connection.socket.get(), left.data(),
                                  left.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) {
        connection.watch->want(FdWatch::Writable);
        return;
      }
      if (sent < 0) return close_connection(id);
      connection.written += static_cast<size_t>(sent);
      connection.progress = std::chrono::steady_clock::now();
    }
    close_connection(id);
  }

  void close_idle() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(open_, [&](const auto& entry) {
      return entry.second->state != State::Handling &&
             now - entry.second->progress >= limits_.idle;
    });
    after_closing();
  }

  void close_connection(uint64_t id) {
    open_.erase(id);
    after_closing();
  }

  void after_closing() {
    if (open_.empty()) sweep_.stop();
    if (!std::exchange(full_, false)) return;
    accepting_.want(FdWatch::Readable);
  }

  base::EventLoop& loop_;
  Handler& handler_;
  const ServerLimits limits_;
  UniqueFd listener_;
  FdWatch accepting_;
  base::Timer resume_;
  base::Timer sweep_;
  bool full_ = false;     // not accepting until there is a place
  bool starved_ = false;  // out of descriptors, and said so
  uint64_t next_id_ = 1;
  Connections open_;
  std::array<char, size_t{64} << 10> input_{};
};

Server::Server(base::EventLoop& loop, UniqueFd listener, Handler& handler,
               const ServerLimits& limits)
    : impl_(
          std::make_shared<Impl>(loop, std::move(listener), handler, limits)) {}
Server::~Server() = default;

size_t Server::connections() const {
  return impl_->connections();
}

bool Server::replying() const {
  return impl_->replying();
}

}  // namespace control
