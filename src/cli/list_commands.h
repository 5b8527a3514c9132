#pragma once
// Commands that look at apps: list, jlist, describe, pid.

namespace cli {

struct Invocation;

int run_list(const Invocation& invocation);
int run_jlist(const Invocation& invocation);
int run_pid(const Invocation& invocation);

}  // namespace cli
