#pragma once
// The socket that an app speaks sd_notify(3) to. Its name is abstract: an app
// under another user can reach it, whatever lies around our home, and it leaves
// nothing behind. Whoever may send to it is told apart by the kernel's word of
// who did. Thread-safe.

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace daemon_ {

struct NotifySocket {
  base::UniqueFd fd;  // non-blocking
  std::string name;   // value of NOTIFY_SOCKET: "@lodge/..."
};
base::Result<NotifySocket> make_notify_socket();
// The same of a name that an app was given before.
base::Result<base::UniqueFd> bind_notify_socket(const std::string& name);

struct Datagram {
  int pid = 0;  // of the sender, as the kernel says; 0 = it does not
  std::string text;
};
// One datagram. Descriptors that came with it are closed, which is all that
// BARRIER=1 asks for. Errc::WouldBlock: there is none.
base::Result<Datagram> receive_datagram(int socket);

}  // namespace daemon_
