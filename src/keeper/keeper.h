#pragma once
// The keeper process: parent of the daemon and of every app. It forks apps when
// the daemon asks, reaps them, holds duplicates of the descriptors that they
// could notice losing, and starts the daemon anew when that dies. It reads no
// pipe and knows nothing of logs or configuration. Single thread, no libuv.

#include "base/home.h"

namespace keeper {

// Runs until the daemon ends in order. `ready_fd` (or -1): where the first
// start of the daemon is reported, see launch.h. Returns the exit code.
int run(const base::Home& home, int ready_fd);

}  // namespace keeper
