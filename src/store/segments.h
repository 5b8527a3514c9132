#pragma once
// Sealed segments: live files that rotation renamed to
// `archive/<app>/out.0000000042.20261121T101502Z.log`, beside the live file.
// The sequence number is a segment's identity: an owner's history is its
// segments in that order, then its live file. The number is never given twice,
// not even when its file is gone; the stamp is for people. Blocking; any
// thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/catalog.h"
#include "store/names.h"

namespace store {

// What one live file holds, and hence its segments.
enum class SegmentKind { Out, Error, All };
std::string_view segment_kind_name(SegmentKind kind);  // "out", "error", "all"

struct SegmentOwner {
  std::string app;
  SegmentKind kind = SegmentKind::Out;
  int instance = 0;
  bool operator==(const SegmentOwner&) const = default;
};
// Who owns the segments of a live file, by its entry in the catalog: a file of
// both streams is `all`, one of several instances belongs to the first.
// `live_file` as it stands there; none: no instance writes it now.
std::optional<SegmentOwner> segment_owner(const CatalogApp& app,
                                          std::string_view live_file);

struct Segment {
  SegmentKind kind = SegmentKind::Out;
  int instance = 0;
  uint64_t sequence = 0;
  base::Timestamp first;    // of its first line, to the second
  bool raw = false;         // lines without stamps, times in a sidecar
  bool compressed = false;  // an archive
  std::string path;         // in the directory it was found in

  // Does it come from the same live file?
  bool is_of(const SegmentOwner& owner) const {
    return kind == owner.kind && instance == owner.instance;
  }
};

// "error-1.0000000007.20261121T101502Z.log": of all members but `path`.
std::string segment_name(const Segment& segment);
// Only names that segment_name makes; `path` stays empty.
std::optional<Segment> parse_segment_name(std::string_view name);

// Where the archive of a segment is; and where the segment of either.
std::string archive_path(std::string_view segment);
std::string segment_path(std::string_view path);

// Where the segments of live files in `live_dir` are.
std::string archive_dir(const std::string& live_dir, std::string_view app);

// By kind, instance, sequence. A number that has an archive and a segment too,
// because its archiving was cut short, is there once: as the archive. A
// directory that does not exist has none.
base::Result<std::vector<Segment>> list_segments(const std::string& live_dir,
                                                 std::string_view app);

// One more than any that was ever given: than all files there are, and than the
// mark that is kept for those that are not.
base::Result<uint64_t> next_sequence(const std::string& live_dir,
                                     const SegmentOwner& owner);

// The path to seal a live file to, its directory made (0700) and its number
// marked as given. Names nothing yet.
base::Result<std::string> next_segment_path(const std::string& live_path,
                                            const SegmentOwner& owner,
                                            base::Timestamp first);
// The same for who seals that file again and again: `greatest`, which is
// nothing at first, keeps the number that was given last, and the directory is
// listed but once. Others give numbers too, and mark them.
base::Result<std::string> next_segment_path(const std::string& live_path,
                                            const SegmentOwner& owner,
                                            base::Timestamp first,
                                            std::optional<uint64_t>& greatest);

// Whether a removal is to survive a power cut before it is answered. Where it
// only makes room it need not: the sync waits for all that is being written.
enum class Durably { Yes, No };

// Removes segments and archives; their numbers are never given again: where no
// greater one stays, after a mark of it is on disk. Of one app, all in
// `live_dir`. Stops at the first that can't be removed; what is already gone is
// no error.
base::Status remove_segments(const std::string& live_dir, std::string_view app,
                             const std::vector<Segment>& segments,
                             Durably durably = Durably::Yes);

}  // namespace store
