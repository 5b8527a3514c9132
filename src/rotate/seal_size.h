#pragma once
// How large a live file grows before it is sealed, when nobody said: by the
// room that logs may take. Pure.

#include <cstddef>
#include <cstdint>

namespace rotate {

// What all logs on one file system may take: a tenth of it, at most 4 GiB.
uint64_t storage_cap(uint64_t file_system_bytes);

// At most 64 MiB, so that live files take no more than a quarter of the cap;
// but never less than 1 MiB.
uint64_t default_seal_size(uint64_t cap, size_t live_files);

}  // namespace rotate
