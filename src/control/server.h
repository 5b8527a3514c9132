#pragma once
// The daemon's ear: accepts commands on the control socket, checks who they
// are, reads one request each, hands it on and writes the reply. Nothing that a
// client does or leaves undone (half a request, a reply it never reads, ten
// thousand connections) holds up the others. Lives on the loop's thread.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "control/message.h"

namespace control {

// Who asks. User, group and process come from the kernel, the rest is the
// command's own word.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  Caller caller;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // `reply` is to be called once, now or later, on the loop's thread. It is
  // harmless when the client or the server has gone meanwhile, and so is a
  // second call. References are good for the call only.
  virtual void handle(const Request& request, const Peer& peer,
                      std::function<void(Reply)> reply) = 0;
};

struct ServerLimits {
  // Open conversations. When all are taken, newcomers wait in the socket's
  // queue, and those go that sent no request for `accept_pause`.
  size_t connections = 256;
  // For a client that stopped in mid-request, or does not read its reply.
  std::chrono::milliseconds idle{30'000};
  // Until the next try, after running out of descriptors or of places.
  std::chrono::milliseconds accept_pause{100};
};

class Server {
 public:
  // Takes a listening, non-blocking unix socket. `loop` and `handler` outlive
  // the server. Connections of other users than ours and root are closed.
  Server(base::EventLoop& loop, base::UniqueFd listener, Handler& handler,
         const ServerLimits& limits = {});
  // Closes every conversation; unsent replies are lost.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  size_t connections() const;
  // Some reply is still on its way: for a daemon that is about to end.
  bool replying() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with reply functions, weakly
};

}  // namespace control
