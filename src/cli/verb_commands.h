#pragma once
// The smaller verbs on apps. Exit codes as in report.h.

namespace cli {

struct Invocation;

int run_scale(const Invocation& invocation);
int run_reload(const Invocation& invocation);
int run_start_or_restart(const Invocation& invocation);
int run_start_or_reload(const Invocation& invocation);
int run_reset(const Invocation& invocation);
int run_send(const Invocation& invocation);
int run_send_signal(const Invocation& invocation);
int run_env(const Invocation& invocation);
int run_id(const Invocation& invocation);

}  // namespace cli
