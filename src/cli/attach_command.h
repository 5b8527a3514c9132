#pragma once
// `lodge attach`: this terminal at the stdin and the output of an app.

namespace cli {

struct Invocation;

int run_attach(const Invocation& invocation);

}  // namespace cli
