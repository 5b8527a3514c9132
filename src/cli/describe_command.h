#pragma once
// `lodge describe`: all there is to say of an app.

namespace cli {

struct Invocation;

int run_describe(const Invocation& invocation);

}  // namespace cli
