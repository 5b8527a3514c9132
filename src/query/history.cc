#include "query/history.h"

#include <algorithm>
#include <map>

#include "base/fs.h"
#include "store/archive_log.h"
#include "store/disorder.h"
#include "store/times.h"

namespace query {
namespace {

namespace fs = base::fs;
using Time = std::optional<base::Timestamp>;
using Listed = base::Result<std::vector<store::Segment>>;

// A seal takes longer than a look: so many in a row are none.
constexpr int kTries = 1000;
constexpr int kLastLines = 64;
constexpr uint64_t kLook = 4096;

// The archive directories, each listed once.
class Listing {
 public:
  Listed of(const Origin& origin) {
    if (!origin.owner) return std::vector<store::Segment>{};
    const std::string dir = fs::dir_name(origin.path);
    const auto key = std::pair(dir, origin.owner->app);
    auto at = listed_.find(key);
    if (at == listed_.end())
      at = listed_.emplace(key, store::list_segments(dir, key.second)).first;
    if (!at->second) return base::fail(base::Error(at->second.error()));
    const auto [begin, end] = std::ranges::equal_range(
        *at->second, std::pair(origin.owner->kind, origin.owner->instance), {},
        [](const store::Segment& s) { return std::pair(s.kind, s.instance); });
    return std::vector<store::Segment>(begin, end);
  }

 private:
  std::map<std::pair<std::string, std::string>, Listed> listed_;
};

base::Result<History> open_live(const Origin& origin) {
  History history;
  auto fd = fs::open(origin.path, O_RDONLY | O_NONBLOCK);
  if (!fd) {
    if (fd.error().code == base::Errc::NotFound) return history;
    return base::fail(std::move(fd.error()));
  }
  auto identity = fs::fstat(fd->get(), origin.path);
  if (!identity) return base::fail(std::move(identity.error()));
  if (!S_ISREG(identity->st_mode))
    return base::fail(base::Errc::Invalid,
                      "read " + origin.path + ": not a regular file");
  history.live = std::make_unique<store::FileLog>(std::move(*fd), origin.path);
  history.identity = *identity;
  return history;
}

bool is_live(const History& history, const std::string& path) {
  const auto now = fs::stat(path);
  return now && now->st_dev == history.identity.st_dev &&
         now->st_ino == history.identity.st_ino;
}

uint64_t greatest(const std::vector<store::Segment>& segments) {
  return segments.empty() ? 0 : segments.back().sequence;
}

bool same_numbers(const std::vector<store::Segment>& a,
                  const std::vector<store::Segment>& b) {
  return std::ranges::equal(a, b, {}, &store::Segment::sequence,
                            &store::Segment::sequence);
}

// Events have one file before, and it has no number. The events of today may
// have become those while we looked: then again. Whoever follows has read it.
bool add_earlier_events(History& history, const Origin& origin,
                        uint64_t after) {
  history.newest = 1;
  if (after > 0) return true;
  store::Segment earlier;
  earlier.sequence = history.newest;
  earlier.path = store::earlier_events(origin.path);
  if (!fs::exists(earlier.path)) return true;
  history.segments.push_back(std::move(earlier));
  return history.live ? is_live(history, origin.path)
                      : !fs::exists(origin.path);
}

// Adds the segments. False when the directory changed while we looked.
base::Result<bool> complete(History& history, const Origin& origin,
                            uint64_t after, Listing& first, Listing& second) {
  if (origin.kind == Kind::Events)
    return add_earlier_events(history, origin, after);
  if (!origin.owner) return true;
  auto segments = first.of(origin);
  if (!segments) return base::fail(std::move(segments.error()));
  if (history.live) {
    if (!is_live(history, origin.path)) return false;
    // Where a rename can't refuse to replace, a file that is being sealed has
    // both names for a moment.
    if (!segments->empty() && is_live(history, segments->back().path))
      segments->pop_back();
  } else {
    // Without one there is nothing that would tell of a seal but the list. A
    // long one is read in parts: of two that come meanwhile it may have the
    // second alone.
    auto again = second.of(origin);
    if (!again) return base::fail(std::move(again.error()));
    if (!same_numbers(*again, *segments) || fs::exists(origin.path))
      return false;
  }
  history.newest = std::max(after, greatest(*segments));
  std::erase_if(*segments, [&](const store::Segment& segment) {
    return segment.sequence <= after;
  });
  history.segments = std::move(*segments);
  return true;
}

// Null when it is gone. It may just have become an archive.
base::Result<std::unique_ptr<store::Log>> open_sealed(
    const store::Segment& segment) {
  auto log = store::open_log(segment.path);
  if (!log && log.error().code == base::Errc::NotFound && !segment.compressed)
    log = store::open_log(store::archive_path(segment.path));
  if (log || log.error().code != base::Errc::NotFound) return log;
  return nullptr;
}

base::Result<std::string> bytes_of(store::Log& log, uint64_t offset,
                                   size_t size) {
  std::string bytes(size, '\0');
  for (size_t have = 0; have < size;) {
    auto n = log.read_at({bytes.data() + have, size - have}, offset + have);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0)
      return base::fail(base::Errc::Invalid,
                        log.name() + ": cut while being read");
    have += *n;
  }
  return bytes;
}

}  // namespace

base::Result<bool> is_same_log(store::Log& ours, const struct ::stat& identity,
                               const store::Segment& segment) {
  if (const auto info = fs::stat(segment.path))
    if (info->st_dev == identity.st_dev && info->st_ino == identity.st_ino)
      return true;
  auto log = open_sealed(segment);
  if (!log) return base::fail(std::move(log.error()));
  if (!*log) return false;
  const auto size = (*log)->size();
  const auto our_size = ours.size();
  if (!size || !our_size || *size != *our_size) return false;
  // Without stamps two logs may be alike; not at the same time.
  if (ours.times() != nullptr && (*log)->times() != nullptr) {
    const auto own = ours.times()->at(0);
    const auto theirs = (*log)->times()->at(0);
    if (own && theirs && *own && *theirs && **own != **theirs) return false;
  }
  // No two batches share a stamp, so none but its copy begins alike.
  const auto look = static_cast<size_t>(std::min<uint64_t>(*size, kLook));
  for (const uint64_t offset : {uint64_t{0}, *size - look}) {
    auto theirs = bytes_of(**log, offset, look);
    if (!theirs) return base::fail(std::move(theirs.error()));
    auto own = bytes_of(ours, offset, look);
    if (!own) return base::fail(std::move(own.error()));
    if (*theirs != *own) return false;
  }
  return true;
}

base::Result<History> take_history(const Origin& origin, uint64_t after) {
  for (int i = 0; i < kTries; ++i) {
    auto history = open_live(origin);
    if (!history) return history;
    Listing first;
    Listing second;
    auto steady = complete(*history, origin, after, first, second);
    if (!steady) return base::fail(std::move(steady.error()));
    if (*steady) return history;
  }
  return base::fail(base::Errc::WouldBlock,
                    "read " + origin.path + ": replaced again and again");
}

std::vector<base::Result<History>> take_histories(
    std::span<const Origin* const> origins) {
  std::vector<base::Result<History>> histories;
  histories.reserve(origins.size());
  for (const Origin* origin : origins) histories.push_back(open_live(*origin));
  Listing first;
  Listing second;
  for (size_t i = 0; i < origins.size(); ++i) {
    auto& history = histories[i];
    if (!history) continue;
    auto steady = complete(*history, *origins[i], 0, first, second);
    if (!steady)
      history = base::fail(std::move(steady.error()));
    else if (!*steady)
      history = take_history(*origins[i], 0);
  }
  return histories;
}

base::Result<Time> last_stamp(const OpenSegment& open) {
  store::BackwardLines lines(*open.log, open.size);
  for (int i = 0; i < kLastLines; ++i) {
    auto mark = lines.previous();
    if (!mark) return base::fail(std::move(mark.error()));
    if (!*mark) break;
    if ((*mark)->stamp) return (*mark)->stamp;
  }
  return std::nullopt;
}

base::Result<OpenSegment> open_segment(const store::Segment& segment,
                                       Time since, Time until) {
  OpenSegment open;
  auto log = open_sealed(segment);
  if (!log) return base::fail(std::move(log.error()));
  if (!*log) return open;
  open.log = std::move(*log);
  if (auto* log_of_archive = dynamic_cast<store::ArchiveLog*>(open.log.get())) {
    const auto& archive = log_of_archive->archive();
    open.problems = archive.problems();
    if (archive.has_holes()) open.hole.emplace();
  }
  auto size = open.log->size();
  if (!size) return base::fail(std::move(size.error()));
  open.size = *size;
  if (until && segment.first >= store::disorder_behind(*until)) return open;
  if (since && !open.log->find(since, until)) {
    // Most segments end before a recent range: told from one block each.
    auto last = last_stamp(open);
    if (!last) return base::fail(std::move(last.error()));
    if (*last && **last < store::disorder_before(*since)) return open;
  }
  auto range = store::find_range(*open.log, open.size, since, until);
  if (!range) return base::fail(std::move(range.error()));
  open.range = *range;
  return open;
}

}  // namespace query
