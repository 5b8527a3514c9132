#pragma once
// The listening control socket. The keeper makes and holds it, so that a client
// that comes while the daemon is being started again waits instead of being
// turned away.

#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

// Binds home.socket(), 0600, non-blocking; takes the place of a stale one.
base::Result<base::UniqueFd> listen_at(const base::Home& home);

// Connects to it, blocking. Errc::Unavailable: nobody is there. Works for homes
// whose path is longer than a socket address.
base::Result<base::UniqueFd> connect_to(const base::Home& home);

}  // namespace keeper
