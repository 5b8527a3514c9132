#pragma once
// The files of one origin: its segments in the order of their numbers, then its
// live file, as they stood at one moment although the directory changes while
// we look. The live file is opened first and must still be at its path after
// the segments were listed; else we look again. So nothing that was sealed
// meanwhile is missed or there twice. Lives on the thread that asks.

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "store/live_reader.h"
#include "store/segments.h"

namespace query {

struct History {
  std::vector<store::Segment> segments;  // oldest first
  // Every segment up to this number is older than the live file.
  uint64_t newest = 0;
  std::unique_ptr<store::Log> live;  // none: there is no live file now
  struct ::stat identity{};
};

// `after`: only segments with greater numbers.
base::Result<History> take_history(const Origin& origin, uint64_t after);
// The same for many, each directory read once as long as nothing is sealed.
std::vector<base::Result<History>> take_histories(
    std::span<const Origin* const> origins);

// A segment or archive opened for a query. One that is gone meanwhile has no
// log.
struct OpenSegment {
  std::unique_ptr<store::Log> log;
  uint64_t size = 0;
  store::Range range;                 // empty: nothing in it is in range
  std::vector<base::Error> problems;  // what of it is damaged
  std::optional<store::Damage> hole;  // lines of it are lost, none knows which
  // Whether the lines before and after, in other files, follow on these.
  bool reaches_begin() const { return range.begin == 0 && !is_empty(); }
  bool reaches_end() const { return range.end == size && !is_empty(); }
  bool is_empty() const { return log && size > 0 && range.begin == range.end; }
};
base::Result<OpenSegment> open_segment(const store::Segment& segment,
                                       std::optional<base::Timestamp> since,
                                       std::optional<base::Timestamp> until);

// The stamp of the last line that has one; none when it is not near the end.
base::Result<std::optional<base::Timestamp>> last_stamp(
    const OpenSegment& open);

// Whether `segment` is the log that was live as `ours` when it had `identity`,
// although it may have been compressed meanwhile.
base::Result<bool> is_same_log(store::Log& ours, const struct ::stat& identity,
                               const store::Segment& segment);

}  // namespace query
