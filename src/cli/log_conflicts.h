#pragma once
// Flags of commands that read lines which make no sense together, or alone:
// said, rather than one of them passed over in silence. What grep takes
// together is taken (-c -o, -l -c, anything with -q), and what asks for the
// same twice. Pure.

#include "base/result.h"
#include "cli/logs_command.h"

namespace cli {

// Errc::Invalid, with the names of the flags.
base::Status check_conflicts(const LogsArgs& args);

}  // namespace cli
