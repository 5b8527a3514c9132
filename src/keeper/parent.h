#pragma once
// What makes a process fit to be the parent of all others: alone in its home,
// adopter of orphans, hard to kill, its signals in a descriptor.

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>

#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

// The home's lock; waits for one that was killed and is on its way out.
base::Result<base::UniqueFd> lock_home(const base::Home& home);
// Once in a process's life; exec keeps it. Returns the limit of open
// descriptors that children get back.
base::Result<rlimit> become_parent();
// A descriptor that is readable when there is SIGCHLD, SIGTERM or SIGINT.
base::Result<base::UniqueFd> watch_signals();
// The wait status of a child that has ended and is still to be reaped.
std::optional<int> end_of(pid_t child);

// A boot unit goes by its main process, which is the keeper: tells its manager
// that this is the one now. Does nothing when no such unit brought us up.
base::Status become_main_process();

}  // namespace keeper
