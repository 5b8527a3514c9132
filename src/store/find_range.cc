#include <algorithm>
#include <cstring>
#include <map>

#include "store/disorder.h"
#include "store/live_reader.h"
#include "store/times.h"

namespace store {
namespace {

constexpr uint64_t kFineEnough = uint64_t{64} << 10;
constexpr uint64_t kProbes = 16;
constexpr int kLastLines = 64;

struct Stamped {
  uint64_t start = 0;
  base::Timestamp stamp;
};

class StampSearch {
 public:
  StampSearch(Log& log, uint64_t size) : log_(log), reader_(log), size_(size) {}

  // Looks at stamps all over the file, so that disorder is noticed.
  base::Status survey();
  bool ordered() const { return ordered_; }

  // begin: a line start with no stamp >= `time` before it. end: no stamp <
  // `time` lies from there on. Both as close as is cheap.
  base::Result<Range> narrow(base::Timestamp time);

 private:
  base::Result<std::optional<Stamped>> first_stamped(uint64_t from,
                                                     uint64_t before);
  base::Status skip_line();
  void note(const Stamped& line);

  Log& log_;
  LiveReader reader_;
  uint64_t size_;
  std::map<uint64_t, base::Timestamp> seen_;
  bool ordered_ = true;
};

void StampSearch::note(const Stamped& line) {
  const auto [at, fresh] = seen_.emplace(line.start, line.stamp);
  if (!fresh) return;
  if (at != seen_.begin() && std::prev(at)->second > line.stamp)
    ordered_ = false;
  const auto after = std::next(at);
  if (after != seen_.end() && after->second < line.stamp) ordered_ = false;
}

base::Status StampSearch::skip_line() {
  Piece piece;
  do {
    auto more = reader_.next(size_, true, piece);
    if (!more) return base::fail(std::move(more.error()));
    if (!*more) break;
  } while (!piece.ends);
  return {};
}

// The first line with a stamp of its own that begins in [from, before).
base::Result<std::optional<Stamped>> StampSearch::first_stamped(
    uint64_t from, uint64_t before) {
  reader_.seek(from == 0 ? 0 : from - 1);
  if (from > 0) {
    // We landed in the middle of a line, whose bytes may look like anything.
    auto skipped = skip_line();
    if (!skipped) return base::fail(std::move(skipped.error()));
    reader_.seek(reader_.offset());
  }
  while (reader_.offset() < before) {
    const uint64_t start = reader_.offset();
    Piece piece;
    auto more = reader_.next(size_, true, piece);
    if (!more) return base::fail(std::move(more.error()));
    if (!*more) break;
    if (piece.time) {
      const Stamped found{start, *piece.time};
      note(found);
      return found;
    }
    if (piece.ends) continue;
    auto skipped = skip_line();
    if (!skipped) return base::fail(std::move(skipped.error()));
  }
  return std::nullopt;
}

base::Status StampSearch::survey() {
  for (uint64_t i = 0; i < kProbes; ++i) {
    const uint64_t from = size_ / kProbes * i;
    auto found = first_stamped(from, std::min(size_, from + kFineEnough));
    if (!found) return base::fail(std::move(found.error()));
  }
  BackwardLines lines(log_, size_);
  for (int i = 0; i < kLastLines; ++i) {
    auto mark = lines.previous();
    if (!mark) return base::fail(std::move(mark.error()));
    if (!*mark) break;
    if (!(*mark)->stamp) continue;
    note({(*mark)->start, *(*mark)->stamp});
    break;
  }
  return {};
}

base::Result<Range> StampSearch::narrow(base::Timestamp time) {
  uint64_t low = 0;       // all stamps before are < time
  uint64_t high = size_;  // no stamped line < time begins in [high, end)
  uint64_t end = size_;   // the line that told so
  while (high - low > kFineEnough) {
    const uint64_t middle = low + (high - low) / 2;
    auto found = first_stamped(middle, high);
    if (!found) return base::fail(std::move(found.error()));
    if (*found && (*found)->stamp < time) {
      low = (*found)->start;
      continue;
    }
    high = middle;
    if (*found) end = (*found)->start;
  }
  return Range{low, end};
}

// --- files without stamps ----------------------------------------------------

// Where the first line begins that begins at `offset` or later.
base::Result<uint64_t> next_start(Log& log, uint64_t offset, uint64_t size) {
  if (offset == 0) return uint64_t{0};
  char chunk[16384];
  for (uint64_t at = offset - 1; at < size;) {
    auto n = log.read_at(chunk, at);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) break;
    if (const void* newline = std::memchr(chunk, '\n', *n))
      return std::min(size, at + 1 +
                                static_cast<uint64_t>(
                                    static_cast<const char*>(newline) - chunk));
    at += *n;
  }
  return size;
}

// The sidecar tells where to look.
base::Result<Range> find_unstamped(Log& log, TimesReader& times, uint64_t size,
                                   std::optional<base::Timestamp> since,
                                   std::optional<base::Timestamp> until) {
  Range range{0, size};
  auto ordered = times.is_ordered();
  if (!ordered) return base::fail(std::move(ordered.error()));
  if (!*ordered) return range;
  if (since) {
    auto offset = times.find(*since);
    if (!offset) return base::fail(std::move(offset.error()));
    // A line that was begun before goes on there.
    auto begin = end_of_lines(log, std::min(size, offset->value_or(size)));
    if (!begin) return base::fail(std::move(begin.error()));
    range.begin = *begin;
  }
  if (until) {
    auto offset = times.find(*until);
    if (!offset) return base::fail(std::move(offset.error()));
    auto end = next_start(log, offset->value_or(size), size);
    if (!end) return base::fail(std::move(end.error()));
    range.end = std::max(*end, range.begin);
  }
  return range;
}

}  // namespace

base::Result<Range> find_range(Log& log, uint64_t size,
                               std::optional<base::Timestamp> since,
                               std::optional<base::Timestamp> until) {
  Range range{0, size};
  if (!since && !until) return range;
  if (auto known = log.find(since, until)) return *known;
  if (size <= kFineEnough) return range;
  if (auto* times = log.times())
    return find_unstamped(log, *times, size, since, until);
  StampSearch search(log, size);
  auto surveyed = search.survey();
  if (!surveyed) return base::fail(std::move(surveyed.error()));
  if (since && search.ordered()) {
    auto found = search.narrow(disorder_before(*since));
    if (!found) return found;
    range.begin = found->begin;
  }
  if (until && search.ordered()) {
    auto found = search.narrow(disorder_behind(*until));
    if (!found) return found;
    range.end = std::max(found->end, range.begin);
  }
  if (!search.ordered()) return Range{0, size};
  return range;
}

}  // namespace store
