#pragma once
// Whether there are descriptors left to start more: without this look the
// daemon would run out in the middle, and could not even answer. Any thread.

#include <cstddef>

#include "base/result.h"

namespace daemon_ {

// What one instance takes of ours: ends of its pipes, twice, for a keeper to
// come; its process; its two files; for a moment, the child's ends.
inline constexpr size_t kFilesEach = 10;
// For commands, catalog, archives, a new keeper.
inline constexpr size_t kFilesSpare = 16;

// Errc::Io says how many are open and allowed, and what to do. Pure.
base::Status fits(size_t open, size_t limit, size_t instances);
// The same with what is open and allowed now.
base::Status check_descriptors(size_t instances);

}  // namespace daemon_
