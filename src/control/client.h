#pragma once
// Asks the daemon one thing and waits for its answer. Blocking, for the
// command's own (only) thread; holds nothing between calls.

#include <chrono>

#include "base/home.h"
#include "base/result.h"
#include "control/codec.h"

namespace control {

struct Patience {
  // How long a silent daemon is waited for.
  std::chrono::milliseconds silence{10'000};
  // Requests that take as long as the apps take (a stop may need all of its
  // kill_timeout) are waited for without an end, as long as the daemon still
  // answers a ping while it works on them.
  bool while_alive = false;
};

// Errc::Unavailable: there is no daemon (no socket, or nobody behind it).
// Errc::Timeout: it took the request but does not answer.
// Errc::Denied: the home belongs to somebody else.
// Errc::Io: it ended before it answered; what was asked may have been done.
// A refusal by the daemon is a reply (ErrorReply), not an error.
base::Result<Reply> ask(const base::Home& home, const Request& request,
                        const Caller& caller, const Patience& patience = {});

// Who made the socket: the keeper's pid (which may be gone by now, with its
// daemon still there). Known as long as anyone listens, answering or not.
base::Result<int> listener_pid(const base::Home& home);

}  // namespace control
