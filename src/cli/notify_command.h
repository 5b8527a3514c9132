#pragma once
// `lodge notify`: the rules there are and how often each fired, and one of them
// fired by hand. From files: no daemon is needed.

namespace cli {

struct Invocation;

int run_notify(const Invocation& invocation);

}  // namespace cli
