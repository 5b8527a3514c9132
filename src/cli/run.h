#pragma once
// The command line's way in: everything but `keeper` and `daemon` comes here.

namespace cli {

// Exit code of the process. Blocking; the process's only thread.
int run(int argc, char** argv);

}  // namespace cli
