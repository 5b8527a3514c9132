#pragma once
// Finds what an archive holds, from the end of the file: its index; without one
// the seek table; without that the frames, by walking through the file. Nothing
// in the file is believed. Blocking; any thread.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/archive_index.h"
#include "store/zstd_frames.h"

namespace store {

struct FoundArchive {
  bool has_index = false;
  // Its first byte, after the header of its frame, and how many it has.
  uint64_t index_at = 0;
  uint64_t index_size = 0;
  ArchiveIndex index;  // without one, of its frames where they lie
  std::vector<base::Error> problems;
  // Frames were lost that nothing is known of.
  bool has_holes = false;
};

// `decodes` tells whether a frame is one, where nothing else does. An error
// when the file can't be read; what is in it is none.
base::Result<FoundArchive> find_archive(
    int fd, const std::string& name, uint64_t file_size,
    const std::function<bool(const FoundFrame&)>& decodes);

}  // namespace store
