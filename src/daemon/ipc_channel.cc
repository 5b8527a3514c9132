#include "daemon/ipc_channel.h"

#include <sys/socket.h>

#include <algorithm>

namespace daemon_ {
namespace {

constexpr std::string_view kReady = "\"ready\"";

}  // namespace

bool IpcReader::feed(std::string_view bytes) {
  bool ready = false;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    if (line_.size() + part.size() > kReady.size())
      too_long_ = true;
    else if (!too_long_)
      line_ += part;
    if (end == bytes.npos) return ready;
    ready = ready || (!too_long_ && line_ == kReady);
    line_.clear();
    too_long_ = false;
    bytes.remove_prefix(end + 1);
  }
  return ready;
}

bool send_line(int socket, std::string_view json) {
  std::string line(json);
  line += '\n';
  // A stream socket takes so short a text whole, or not at all.
  return ::send(socket, line.data(), line.size(),
                MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(line.size());
}

}  // namespace daemon_
