#include "query/history.h"

#include <algorithm>
#include <map>

#include "base/fs.h"

namespace query {
namespace {

namespace fs = base::fs;
using Time = std::optional<base::Timestamp>;
using Listed = base::Result<std::vector<store::Segment>>;

// A seal takes longer than a look: so many in a row are none.
constexpr int kTries = 1000;
// Foreign lines may be this far out of order (store/find_range).
constexpr int64_t kMarginUs = 2'000'000;
constexpr int kLastLines = 64;

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
  history.live = std::move(*fd);
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

// Adds the segments. False when the directory changed while we looked.
base::Result<bool> complete(History& history, const Origin& origin,
                            uint64_t after, Listing& first, Listing& second) {
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
    // Without one there is nothing that would tell of a seal but the list.
    auto again = second.of(origin);
    if (!again) return base::fail(std::move(again.error()));
    if (greatest(*again) > greatest(*segments) || fs::exists(origin.path))
      return false;
  }
  history.newest = std::max(after, greatest(*segments));
  std::erase_if(*segments, [&](const store::Segment& segment) {
    return segment.sequence <= after;
  });
  history.segments = std::move(*segments);
  return true;
}

}  // namespace

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

base::Result<Time> last_stamp(const OpenSegment& open,
                              const store::Segment& segment) {
  store::BackwardLines lines(open.fd.get(), open.size, segment.path);
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
  if (segment.compressed)
    return base::fail(base::Errc::Invalid,
                      "read " + segment.path + ": is compressed",
                      "a newer lodge reads it");
  auto fd = fs::open(segment.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) {
    if (fd.error().code == base::Errc::NotFound) return open;
    return base::fail(std::move(fd.error()));
  }
  auto info = fs::fstat(fd->get(), segment.path);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode))
    return base::fail(base::Errc::Invalid,
                      "read " + segment.path + ": not a regular file");
  open.fd = std::move(*fd);
  open.size = static_cast<uint64_t>(info->st_size);
  if (until && segment.first.us >= until->us + kMarginUs) return open;
  if (since) {
    // Most segments end before a recent range: told from one block each.
    auto last = last_stamp(open, segment);
    if (!last) return base::fail(std::move(last.error()));
    if (*last && (*last)->us < since->us - kMarginUs) return open;
  }
  auto range =
      store::find_range(open.fd.get(), open.size, since, until, segment.path);
  if (!range) return base::fail(std::move(range.error()));
  open.range = *range;
  return open;
}

}  // namespace query
