#pragma once
// What a command that a boot unit runs has to say to the service manager, by
// the socket in NOTIFY_SOCKET.

#include <chrono>
#include <string>
#include <vector>

#include "base/home.h"
#include "base/result.h"
#include "control/message.h"

namespace cli {

// Of the command that brings the daemon up.
class BootService {
 public:
  // `by_unit`: whether a unit of ours runs us; nobody else's manager is to
  // take the keeper for his. Before a daemon is started: it inherits the
  // socket's name.
  explicit BootService(bool by_unit);

  // The apps were brought back, and from now on the keeper is the service's
  // main process. Does nothing where no manager waits. Errc::Denied: the
  // daemon that is there runs outside of the unit, and its user may not say
  // so.
  base::Status ready(const base::Home& home,
                     const std::vector<control::Outcome>& outcomes) const;

 private:
  std::string socket_;
};

// Of the command that ends it: apps that may take longer to stop than the
// unit's own limit are given their time.
void ask_for_time_to_stop(const base::Home& home);

}  // namespace cli
