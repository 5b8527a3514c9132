#pragma once
// `lodge why`: why an app last exited, from its events and logs; a daemon that
// answers adds what comes next.

namespace cli {

struct Invocation;

int run_why(const Invocation& invocation);

}  // namespace cli
