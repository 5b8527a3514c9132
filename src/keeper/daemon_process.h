#pragma once
// The daemon as a child of the keeper: its start, and the channel to it.

#include <sys/types.h>

#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

struct DaemonProcess {
  pid_t pid = 0;
  base::UniqueFd channel;  // the keeper's end
};

// Of this very program, whatever its path holds by now. `safe`: it only
// captures.
base::Result<DaemonProcess> start_daemon(const base::Home& home, bool safe);

}  // namespace keeper
