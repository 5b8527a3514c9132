#pragma once
// A segment becomes an archive, in steps that can be told from names alone:
//
//   sealed    out.7.log                    (and its sidecar, out.7.raw.idx)
//   writing   ... and .out.7.log.zst.tmp-…  of any content
//   named     out.7.log and out.7.log.zst   the archive is whole: it was synced
//                                           before it had its name
//   archived  out.7.log.zst                 once the name is synced, the
//   segment
//                                           goes, then its sidecar
//
// Killed while writing, it is sealed again; killed later, recovery (recovery.h)
// goes on to the end. Readers see the archive as soon as it has its name, and
// no segment beside it (store::list_segments). Blocks on the disk, for long;
// one thread for one directory.

#include <functional>
#include <span>
#include <string>

#include "base/result.h"
#include "rotate/retention.h"
#include "store/archive_writer.h"
#include "store/segments.h"

namespace rotate {

struct Archived {
  std::string path;
  uint64_t raw = 0;     // bytes of the segment
  uint64_t stored = 0;  // bytes of the archive, with its index
  uint64_t index = 0;
  uint64_t lines = 0;
  uint64_t frames = 0;
};

// The archive has the segment's mode and time of last change. Whatever fails,
// the segment stays, and no temporary; `keep_going` is asked now and then.
base::Result<Archived> archive_segment(const store::Segment& segment,
                                       const store::ArchiveOptions& options,
                                       const std::function<bool()>& keep_going);

// The same archive, at another level, in place of the old one. Not one that is
// damaged: it stays as it is (Errc::Invalid).
base::Result<Archived> recompress(const store::Segment& archive,
                                  const store::ArchiveOptions& options,
                                  const std::function<bool()>& keep_going);

// Deletes files, in their order within one directory; their numbers are never
// given again. `on_removed` hears of each that is gone, also when a later one
// could not be removed. One directory's failure is no other's.
base::Status remove_stored(
    std::span<const Removal> removals,
    const std::function<void(const Removal&)>& on_removed = {},
    store::Durably durably = store::Durably::Yes);

}  // namespace rotate
