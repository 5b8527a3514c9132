#pragma once
// The keeper process: parent of the daemon and of every app. It forks apps when
// the daemon asks, reaps them, holds duplicates of the descriptors that they
// could notice losing, and starts the daemon anew when that dies. It reads no
// pipe and knows nothing of logs or configuration. Single thread, no libuv.

#include "base/home.h"
#include "base/unique_fd.h"

namespace keeper {

// Runs until the daemon ends in order. Returns the exit code. `inherited` is
// the pipe where the first start of the daemon is reported (launch.h), or the
// channel of a daemon that lost its keeper: then this one takes that place.
int run(const base::Home& home, base::UniqueFd inherited);

}  // namespace keeper
