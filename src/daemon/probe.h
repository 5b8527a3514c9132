#pragma once
// Looks at a program before it is trusted with everything: is it a lodge, and
// could its keeper go on with what ours holds? Blocking, for some milliseconds
// and at most ten seconds: for a worker.

#include <string>

#include "base/home.h"
#include "base/result.h"

namespace daemon_ {

// Its version; an error says why it is not to be updated to.
base::Result<std::string> probe_program(const std::string& path,
                                        const base::Home& home);

}  // namespace daemon_
