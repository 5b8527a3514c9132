#pragma once
// Unix sockets by path, of any length: an address holds 108 bytes, so the way
// leads through a descriptor of the directory. Thread-safe; connecting blocks.

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

// Binds `path`, in the place of a stale socket; non-blocking. Its mode is what
// the umask leaves: with 077 there is no moment at which another user could
// connect.
Result<UniqueFd> listen_unix(const std::string& path);

// Blocking. Errc::Unavailable: no socket, or nobody behind it. Errc::Timeout:
// its queue is full until `deadline`.
Result<UniqueFd> connect_unix(const std::string& path, MonoTime deadline);

}  // namespace base
