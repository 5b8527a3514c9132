#pragma once
// The daemon: builds every part, hands each its dependencies, and runs the
// control loop until somebody says `kill`. Started by the keeper alone.
// (The namespace has a tail because libc has a function `daemon`.)

#include "base/home.h"
#include "base/unique_fd.h"

namespace daemon_ {

// `channel`: the socket to the keeper. Returns the exit code.
int run(const base::Home& home, base::UniqueFd channel);

// The same when no daemon of this program comes up: it reads what the apps
// write, and starts and stops nothing (safe_daemon.cc).
int run_safe(const base::Home& home, base::UniqueFd channel);

}  // namespace daemon_
