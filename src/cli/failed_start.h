#pragma once
// What a start that failed leaves for people: why, and its last lines.

#include "control/message.h"

namespace cli {

struct Invocation;

// On stderr; the exit code is the caller's.
void report_failed(const Invocation& invocation,
                   const control::Outcome& outcome);

}  // namespace cli
