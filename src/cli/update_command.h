#pragma once
// `lodge update`: the daemon becomes the program that this command is.

#include "cli/commands.h"

namespace cli {

int run_update(const Invocation& invocation);

}  // namespace cli
