#pragma once
// `lodge doctor`: what is wrong with home, machine and apps, and how to mend
// it. Exit 1 when something needs mending.

namespace cli {

struct Invocation;

int run_doctor(const Invocation& invocation);

}  // namespace cli
