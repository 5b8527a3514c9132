#pragma once
// `lodge start`, and the commands that begin as it does.

#include <expected>
#include <functional>

#include "control/message.h"

namespace cli {

struct Invocation;

int run_start(const Invocation& invocation);

// The same, and before anything is shown `then` may do more to the apps and put
// into the reply what became of them; what it can't is an exit code.
using AfterStart =
    std::function<std::expected<void, int>(control::OutcomesReply&)>;
int run_start_and(const Invocation& invocation, const AfterStart& then);

}  // namespace cli
