#pragma once
// Commands about what outlives the daemon: save, resurrect, cleardump.

namespace cli {

struct Invocation;

int run_save(const Invocation& invocation);
int run_resurrect(const Invocation& invocation);
int run_cleardump(const Invocation& invocation);

}  // namespace cli
