#pragma once
// `lodge events`: what Lodge has to say about apps, read from the log directory
// by this process itself; works without a daemon.

namespace cli {

struct Invocation;

// 0 done or found, 1 nothing matched a selection, 2 bad input or trouble.
int run_events(const Invocation& invocation);

}  // namespace cli
