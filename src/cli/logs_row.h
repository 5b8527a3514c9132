#pragma once
// `lodge logs` and `lodge tail`: what was typed, turned into LogsArgs.

#include "cli/logs_command.h"

namespace cli {

struct Invocation;

LogsArgs logs_args(const Invocation& invocation);
int run_logs_row(const Invocation& invocation);
int run_tail_row(const Invocation& invocation);

}  // namespace cli
