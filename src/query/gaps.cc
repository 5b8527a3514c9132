#include "query/gaps.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>

#include "query/losses.h"
#include "query/removals.h"

namespace query {
namespace {

using Time = std::optional<base::Timestamp>;

constexpr int64_t kSecond = 1'000'000;
// Of an app, the last: each looks into files.
constexpr size_t kMostFlushes = 8;

// What a flush left of one history.
class Left {
 public:
  Left(const Origin& origin, base::Timestamp flushed, Problems& problems)
      : source_(origin, {}), problems_(problems) {
    if (note(source_.open())) look(flushed);
  }
  Time begin;  // first line behind the gap, or of all when there is none
  Time kept;   // last line before the gap
  bool untouched = false;  // no gap

 private:
  template <class T>
  bool note(const base::Result<T>& result) {
    if (!result) problems_.push_back(result.error());
    return result.has_value();
  }
  // The stamp of the first line in that file and all after it.
  Time first_from(size_t file) {
    const auto size = source_.size();
    source_.allow(size ? *size : 0, true);
    source_.begin_at(file, 0);
    const auto more = source_.advance();
    return note(more) && *more ? source_.piece().time : std::nullopt;
  }
  void look(base::Timestamp flushed) {
    const auto& segments = source_.segments();
    size_t file = segments.size();
    begin = first_from(file);
    untouched = begin && *begin < flushed;
    // Those that were sealed since.
    while (!untouched && file > 0 &&
           segments[file - 1].first.us + kSecond > flushed.us) {
      const Time first = first_from(file - 1);
      if (first && *first < flushed) break;
      begin = first;
      --file;
    }
    if (!untouched && file > 0) {
      const auto& before = segments[file - 1];
      const auto opened = open_segment(before, {}, {});
      if (!note(opened) || !opened->log) return;
      const auto last = last_stamp(*opened);
      if (note(last)) kept = *last;
      // It was being written when others were flushed.
      untouched = kept && *kept >= flushed;
    }
    if (untouched) begin = first_from(0);
  }

  Source source_;
  Problems& problems_;
};

// What events tell of what is missing.
struct Told {
  explicit Told(GapRange range) : losses(range) {}
  std::map<std::string, std::vector<base::Timestamp>> flushed;  // by app
  Removals removals;
  Losses losses;
};

bool is_known_stream(const std::vector<Origin>& origins,
                     const store::Event& event) {
  if (!event.stream) return true;
  const Kind kind =
      *event.stream == store::Stream::Error ? Kind::Error : Kind::Out;
  return std::ranges::any_of(origins, [&](const Origin& origin) {
    return origin.app == event.app && origin.kind != Kind::Events &&
           (origin.kind == kind || origin.shared);
  });
}

Told read_told(const std::vector<Origin>& origins, GapRange range,
               Problems& problems,
               const std::function<void(const store::Event&)>& on_event) {
  Told told(range);
  read_events(origins, problems, [&](const store::Event& event) {
    if (on_event) on_event(event);
    told.removals.add(event);
    if (is_known_stream(origins, event)) told.losses.add(event);
    // One that found nothing took nothing.
    if (event.kind != store::EventKind::Flush || event.bytes == 0 ||
        event.time < range.since || is_prune(event))
      return;
    told.flushed[event.app].push_back(event.time);
  });
  return told;
}

std::optional<Gap> flush_gap(const std::vector<const Origin*>& histories,
                             base::Timestamp flushed, GapRange range,
                             Problems& problems) {
  Gap gap{.app = histories.front()->app,
          .cause = Gap::Cause::Flushed,
          .kept = {},
          .begin = {},
          .when = flushed,
          .words = {}};
  for (const auto* origin : histories) {
    const Left left(*origin, flushed, problems);
    if (left.begin)
      gap.begin = gap.begin ? std::min(*gap.begin, *left.begin) : *left.begin;
    if (left.kept && !left.untouched)
      gap.kept = gap.kept ? std::min(*gap.kept, *left.kept) : *left.kept;
  }
  // A stream that was left out of the flush may reach back far enough.
  if (gap.begin && *gap.begin < range.since) return std::nullopt;
  return gap;
}

// Of all flushes in range, by time; of those with no line between, the last.
std::vector<Gap> flush_gaps(const std::vector<const Origin*>& histories,
                            std::span<const base::Timestamp> flushes,
                            GapRange range, Problems& problems) {
  if (flushes.size() > kMostFlushes) flushes = flushes.last(kMostFlushes);
  std::vector<Gap> gaps;
  for (const auto flushed : flushes) {
    auto gap = flush_gap(histories, flushed, range, problems);
    if (!gap) continue;
    std::erase_if(gaps, [&](const Gap& other) {
      return other.kept == gap->kept && other.begin == gap->begin;
    });
    gaps.push_back(std::move(*gap));
  }
  return gaps;
}

// Of an app's histories that were cut, the one that begins last says from where
// on all is there.
std::optional<Gap> removal_gap(const std::vector<const Origin*>& histories,
                               const Removals& removals, GapRange range,
                               Problems& problems) {
  std::optional<Gap> gap;
  for (const auto* origin : histories) {
    if (!origin->owner || !removals.has_any(*origin->owner)) continue;
    Source source(*origin, {});
    if (const auto opened = source.open(); !opened) {
      problems.push_back(opened.error());
      continue;
    }
    std::optional<uint64_t> oldest;
    if (!source.segments().empty()) oldest = source.segments().front().sequence;
    const auto gone = removals.before(*origin->owner, oldest);
    if (!gone || gone->end < range.since ||
        (range.until && gone->first >= *range.until))
      continue;
    const auto size = source.size();
    source.allow(size ? *size : 0, true);
    source.begin_at(0, 0);
    const auto more = source.advance();
    if (!more) problems.push_back(more.error());
    const Time begin = more && *more ? source.piece().time : std::nullopt;
    if (begin && *begin <= range.since) continue;
    if (!gap)
      gap = Gap{.app = origin->app,
                .cause = Gap::Cause::Removed,
                .kept = {},
                .begin = {},
                .when = {},
                .words = {}};
    if (begin) gap->begin = std::max(gap->begin.value_or(*begin), *begin);
    if (gone->when < gap->when) continue;
    gap->cause = gone->flushed ? Gap::Cause::Flushed : Gap::Cause::Removed;
    gap->when = gone->when;
    gap->words = gone->reason;
  }
  return gap;
}

}  // namespace

std::string_view gap_reason(const Gap& gap) {
  switch (gap.cause) {
    case Gap::Cause::Flushed:
      return "flushed";
    case Gap::Cause::Removed:
      if (gap.words.empty()) return "deleted";
      return gap.words == "pruned" ? "pruned" : "retention";
    case Gap::Cause::Dropped:
      return gap.words;
    case Gap::Cause::Lost:
      return "lost";
    case Gap::Cause::Damaged:
      return "damaged";
    case Gap::Cause::Missing:
      return "missing";
  }
  return {};
}

std::vector<Gap> find_gaps(
    const std::vector<Origin>& origins, GapRange range, Problems& problems,
    const std::function<void(const store::Event&)>& on_event) {
  const Told told = read_told(origins, range, problems, on_event);
  std::vector<Gap> gaps;
  for (size_t i = 0; i < origins.size();) {
    const std::string& app = origins[i].app;
    std::vector<const Origin*> histories;
    for (; i < origins.size() && origins[i].app == app; ++i)
      if (origins[i].kind != Kind::Events) histories.push_back(&origins[i]);
    if (histories.empty()) continue;
    std::vector<Gap> flushed;
    if (const auto at = told.flushed.find(app); at != told.flushed.end())
      flushed = flush_gaps(histories, at->second, range, problems);
    auto cut = removal_gap(histories, told.removals, range, problems);
    // One of them may say already that the oldest lines were flushed.
    const bool is_told =
        cut && cut->cause == Gap::Cause::Flushed &&
        std::ranges::any_of(flushed, [](const Gap& gap) { return !gap.kept; });
    if (cut && !is_told) gaps.push_back(std::move(*cut));
    std::ranges::move(flushed, std::back_inserter(gaps));
    std::ranges::move(told.losses.of(app), std::back_inserter(gaps));
  }
  return gaps;
}

std::vector<Gap> gaps_within(const std::vector<Gap>& gaps,
                             const std::vector<Origin>& origins,
                             std::optional<base::Timestamp> since,
                             std::optional<base::Timestamp> until) {
  std::vector<Gap> within;
  for (const auto& gap : gaps) {
    // A line at `begin` is there, unless it is the last that is missing.
    const bool is_there = gap.cause == Gap::Cause::Flushed ||
                          gap.cause == Gap::Cause::Removed ||
                          gap.cause == Gap::Cause::Missing;
    const bool before = since && gap.begin &&
                        (is_there ? *gap.begin <= *since : *gap.begin < *since);
    const bool after = until && gap.kept && *gap.kept >= *until;
    if (!before && !after &&
        std::ranges::any_of(origins, [&](const Origin& origin) {
          return origin.app == gap.app;
        }))
      within.push_back(gap);
  }
  return within;
}

std::vector<Gap> damage_gaps(const Source& source) {
  std::vector<Gap> gaps;
  // A search meets them in any order.
  auto parts = source.damaged();
  std::ranges::sort(parts, {}, [](const DamagedPart& part) {
    return std::pair(part.file, part.damage.range.begin);
  });
  const DamagedPart* before = nullptr;
  for (const auto& part : parts) {
    const auto& damage = part.damage;
    if (before != nullptr && before->file == part.file &&
        before->damage.range.end == damage.range.begin) {
      Gap& gap = gaps.back();
      gap.kept = gap.kept && damage.first ? std::min(gap.kept, damage.first)
                                          : std::nullopt;
      gap.begin = gap.begin && damage.last ? std::max(gap.begin, damage.last)
                                           : std::nullopt;
      gap.lines =
          gap.lines > 0 && damage.lines > 0 ? gap.lines + damage.lines : 0;
    } else {
      gaps.push_back({.app = source.origin().app,
                      .cause = Gap::Cause::Damaged,
                      .kept = damage.first,
                      .begin = damage.last,
                      .when = {},
                      .lines = damage.lines,
                      .words = part.file});
    }
    before = &part;
  }
  return gaps;
}

std::vector<Gap> damage_gaps(
    const std::vector<std::unique_ptr<Source>>& sources) {
  std::vector<Gap> gaps;
  for (const auto& source : sources)
    std::ranges::move(damage_gaps(*source), std::back_inserter(gaps));
  return gaps;
}

}  // namespace query
