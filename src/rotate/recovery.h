#pragma once
// What a crash left lying about in a log directory. At the daemon's start,
// before capture runs: a temporary file of a running flush must not be taken
// for a leftover.

#include <string>
#include <vector>

#include "base/result.h"

namespace rotate {

// Removes temporary files; returns their names. A directory that does not exist
// has none. One that can't be removed is skipped: the next start tries again.
base::Result<std::vector<std::string>> remove_leftovers(
    const std::string& log_dir);

}  // namespace rotate
