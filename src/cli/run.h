#pragma once
// The command line's way in: everything but `keeper` and `daemon` comes here.

#include "cli/commands.h"

namespace cli {

// Exit code of the process. Blocking; the process's only thread. `foreground`
// carries out `lodge run`, which is not for a command line to do.
int run(int argc, char** argv, Foreground foreground = nullptr);

}  // namespace cli
