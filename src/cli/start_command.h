#pragma once
// `lodge start`, what else starts what files declare, and the commands that
// begin as it does.

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "control/message.h"

namespace cli {

struct Invocation;

int run_start(const Invocation& invocation);

// The apps of these files as they say by now, started anew. Exit code.
int restart_files(const Invocation& invocation,
                  const std::vector<std::string>& files);

// The same, and before anything is shown `then` may do more to the apps and put
// into the reply what became of them; what it can't is an exit code.
using AfterStart =
    std::function<std::expected<void, int>(control::OutcomesReply&)>;
int run_start_and(const Invocation& invocation, const AfterStart& then);

}  // namespace cli
