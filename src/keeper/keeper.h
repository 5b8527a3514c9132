#pragma once
// The keeper process: parent of the daemon and of every app. It forks apps when
// the daemon asks, reaps them, holds duplicates of the descriptors that they
// could notice losing, and starts the daemon anew when that dies. It reads no
// pipe and knows nothing of logs or configuration. Single thread, no libuv.
//
// Told to, it becomes another program (handover.h). When that one's daemon does
// not come up three times, it becomes again what it was; when it was nothing
// else, it starts the daemon in safe mode, which only captures, and once a
// minute gives way to another try.

#include <string_view>

#include "base/home.h"
#include "base/unique_fd.h"

namespace keeper {

// Runs until the daemon ends in order. Returns the exit code. `inherited` is
// the pipe where the first start of the daemon is reported (launch.h), or the
// channel of a daemon that lost its keeper: then this one takes that place.
int run(const base::Home& home, base::UniqueFd inherited);

// A keeper that was another program until now, as argv[3] says (handover.h).
bool is_resume(std::string_view word);
int resume(const base::Home& home, std::string_view word);

}  // namespace keeper
