#pragma once
// Memory that comes with all its pages at once. The kernel hands pages out as
// they are touched, one at a time, which takes longer than what a short command
// does with them. Before Linux 5.14 all of this is as without it. Any thread,
// unless said otherwise.

#include <cstddef>

namespace base {

// Whole pages, of which the first `size` bytes are there already. Aligned to a
// huge page from half of one on. Null: the kernel has none.
void* map_pages(size_t size);
void unmap_pages(void* memory, size_t size);  // that were asked for

// Gives malloc() that much at once, and lets it keep what it has: for a command
// that is about to make many small things and then ends. For a process of one
// thread.
void warm_heap(size_t size);

}  // namespace base
