#pragma once
// Starting a keeper: by the CLI when there is none, by a daemon that lost its
// own.

#include "base/home.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace keeper {

// Returns when a daemon answers at the home's socket: one that was there, or
// one that this call started. However many callers come at once, one keeper is
// started; the others wait for it. An error says why the daemon did not come
// up. Blocks, for at most some ten seconds.
base::Status ensure_running(const base::Home& home);

// Called by a daemon whose keeper is gone: starts another and returns the
// channel to it.
base::Result<base::UniqueFd> start_successor(const base::Home& home);

}  // namespace keeper
