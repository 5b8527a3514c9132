#pragma once
// The helper that carries out `notify`: a process of its own, which follows
// events and lines in their files as any reader does and runs hooks. So neither
// a pattern nor a hook costs capture or the daemon anything but the processor's
// time, and it may die: the daemon starts another, which goes on where it was.

#include "base/home.h"

namespace notify {

// Until stdin ends, which the daemon holds open. Exit code.
int run_notifier(const base::Home& home);

}  // namespace notify
