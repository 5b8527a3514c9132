#pragma once
// `lodge set` and `lodge get`: daemon-wide settings, daemon or no daemon.

namespace cli {

struct Invocation;

int run_set(const Invocation& invocation);
int run_get(const Invocation& invocation);

}  // namespace cli
