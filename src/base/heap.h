#pragma once
// Memory for what is made at once and then shown.

#include <cstddef>

namespace base {

// Gives malloc() that much at once, with its pages, and lets it keep what it
// has: for a command that is about to make many small things and then ends.
// Pages that come one by one, as they are touched, take longer than what is
// done with them. For a process of one thread.
void warm_heap(size_t size);

}  // namespace base
