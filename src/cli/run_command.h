#pragma once
// `lodge run`: understood here, carried out by Invocation::foreground.

#include "cli/commands.h"

namespace cli {

int run_in_foreground(const Invocation& invocation);

}  // namespace cli
