#pragma once
// `lodge archive ls | verify | export | prune | retention`: what is sealed,
// read from the log directory by this process, daemon or no daemon.

namespace cli {

struct Invocation;

int run_archive(const Invocation& invocation);

}  // namespace cli
