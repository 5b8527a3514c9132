#pragma once
// Commands that change log files: flush, rotate, reloadLogs.

#include "control/message.h"

namespace cli {

struct Invocation;

int run_flush(const Invocation& invocation);
int run_rotate(const Invocation& invocation);
int run_reload_logs(const Invocation& invocation);

// What a flush or a prune took, or would take. Returns the exit code.
int say_flushed(const Invocation& invocation, const control::FlushReply& reply);

}  // namespace cli
