#pragma once
// `lodge validate` and `lodge init`: configuration files, without a daemon.

namespace cli {

struct Invocation;

int run_validate(const Invocation& invocation);
int run_init(const Invocation& invocation);

}  // namespace cli
