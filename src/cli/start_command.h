#pragma once
// `lodge start`.

namespace cli {

struct Invocation;

int run_start(const Invocation& invocation);

}  // namespace cli
