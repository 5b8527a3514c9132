#pragma once
// The one place of the command line that can bring a daemon to life; only
// `start` and `resurrect` come here.

#include "base/home.h"
#include "base/result.h"

namespace cli {

// Returns when a daemon of `home` takes requests, started now or before.
base::Status ensure_daemon(const base::Home& home);

}  // namespace cli
