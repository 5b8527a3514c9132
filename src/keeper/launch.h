#pragma once
// Starting keeper and daemon when there are none. Called by the CLI alone.

#include "base/home.h"
#include "base/result.h"

namespace keeper {

// Returns when a daemon answers at the home's socket: one that was there, or
// one that this call started. However many callers come at once, one keeper is
// started; the others wait for it. An error says why the daemon did not come
// up. Blocks, for at most some ten seconds.
base::Status ensure_running(const base::Home& home);

}  // namespace keeper
