#pragma once
// What a service tells the manager that started it (systemd's sd_notify): a
// datagram of "KEY=value" lines to the socket that NOTIFY_SOCKET names.
// Thread-safe.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// `socket`: a path, or '@' and an abstract name.
Status tell_manager(const std::string& socket, std::string_view words);

// Returns once the manager has taken all that was told before: what comes from
// a process that has ended is ignored. Errc::Timeout.
Status wait_for_manager(const std::string& socket,
                        std::chrono::milliseconds most);

// Where a daemon that is brought up by a boot unit keeps the socket's name: the
// keeper speaks to the manager as well, and what else it starts must not.
inline constexpr const char* kManagerSocketVariable = "LODGE_NOTIFY_SOCKET";

}  // namespace base
