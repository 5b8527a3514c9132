#pragma once
// startup and unstartup: that the apps come back at boot, or no longer.

#include <string>

namespace cli {

struct Invocation;

int run_startup(const Invocation& invocation);
int run_unstartup(const Invocation& invocation);

// "[lodge] not started at boot: lodge startup", once in a home's life, when no
// unit of it is installed and this machine has an init system that takes one;
// else empty.
std::string boot_hint(const Invocation& invocation);

}  // namespace cli
