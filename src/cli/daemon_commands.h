#pragma once
// Commands about Lodge itself: ping, kill, version.

namespace cli {

struct Invocation;

int run_ping(const Invocation& invocation);
int run_kill(const Invocation& invocation);
int run_version(const Invocation& invocation);

}  // namespace cli
