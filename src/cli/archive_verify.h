#pragma once
// `lodge archive verify`: every byte that is sealed is read and held against
// its checksums, and the index against what it says.

namespace cli {

struct Invocation;

// 0 all is well, 2 something is damaged: which file, and where in it.
int run_verify(const Invocation& invocation);

}  // namespace cli
