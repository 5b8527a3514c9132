#pragma once
// Makes an archive of a segment, in one pass over it: data frames cut at line
// ends, then the index, then the seek table that zstd tools know (FORMAT.md).
// Nothing is synced or renamed here: the steps on disk are whoever's who calls.
// Blocking; any thread, some 10 MiB of memory, more for long lines and for
// segments of many frames (the index is kept until the end).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "store/names.h"
#include "store/times.h"

namespace store {

struct ArchiveOptions {
  int level = 3;                   // zstd's, 1 to 19
  std::optional<Stream> stream{};  // nullopt: both
  // Bits of the filter for each key of a frame: more of them let fewer frames
  // pass that hold nothing.
  double index_density = 2.0;
  // Of the compressed data: where the index would be larger, the filter is made
  // smaller, or left out. What the index must hold is not cut.
  double index_share = 0.12;
  // Raw bytes of a frame; 0: as the level asks, 1 MiB, or 2 MiB from 6 on.
  uint64_t frame_size = 0;
  // A frame grows to this, at most kMostInFrame, before a line is divided.
  uint64_t most_in_frame = 0;  // 0: kMostInFrame
};

struct ArchiveResult {
  uint64_t raw = 0;     // bytes of the segment
  uint64_t stored = 0;  // bytes of the archive, all in all
  uint64_t index = 0;   // of these, index and seek table
  uint64_t lines = 0;   // '\n'
  uint64_t frames = 0;
};

// Reads the segment from its beginning to its end; `name` is for messages.
// `stamped`: its lines bear stamps. `times`: those of the sidecar of a log
// whose lines bear none. `to` is open for writing, and empty. `keep_going` is
// asked before each frame: on false the answer is Errc::Unavailable, and `to`
// holds a part of an archive, as after any error. It may be empty.
base::Result<ArchiveResult> write_archive(
    int segment, const std::string& name, bool stamped,
    std::span<const TimeEntry> times, base::UniqueFd& to,
    const std::string& to_name, const ArchiveOptions& options,
    const std::function<bool()>& keep_going);

}  // namespace store
