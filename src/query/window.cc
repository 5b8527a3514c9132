#include "query/window.h"

#include <algorithm>

#include "base/fs.h"

namespace query {
namespace {

using Time = std::optional<base::Timestamp>;

// Lines in range from the end of a source to its beginning, each with the
// stamp it has or inherits. Opens a segment when it comes to it.
class BackCursor {
 public:
  struct Place {
    size_t file = 0;  // as the source counts them
    uint64_t start = 0;
  };

  // `live`: the part of the live file to look at.
  BackCursor(Source& source, store::Range live, const Query& query,
             Problems& problems)
      : source_(source),
        query_(query),
        problems_(problems),
        file_(source.segments().size()) {
    if (!source.is_open()) return;
    begin_ = live.begin;
    log_ = &source.log();
    lines_.emplace(source.log(), live.end);
  }

  // To the line before; false when there is none.
  bool step() {
    for (;;) {
      while (next_ < ready_.size()) {
        place_ = ready_[next_++];
        if (!in_range()) continue;
        key_ = key_ ? std::min(*key_, time_) : time_;
        return true;
      }
      if (done_) return false;
      load();
    }
  }
  const Place& place() const { return place_; }
  const Time& time() const { return time_; }
  // Never greater than that of a line after it, so that what is taken from
  // the end is one stretch of the history.
  const Time& key() const { return *key_; }
  Source& source() { return source_; }

 private:
  // Lines without a stamp wait here until the one is found that they inherit.
  void load() {
    ready_.clear();
    next_ = 0;
    time_.reset();
    while (!done_) {
      if (!lines_) {
        auto follows = open_file_before();
        if (!follows) problems_.push_back(std::move(follows.error()));
        if (!follows.value_or(false) && !ready_.empty()) break;
        continue;
      }
      auto mark = lines_->previous();
      if (!mark) {
        problems_.push_back(std::move(mark.error()));
        pass_damage();
        if (!ready_.empty()) break;
        continue;
      }
      if (!*mark || (*mark)->start < begin_) {
        lines_.reset();
        // Begins with a line out of range, which those that wait inherit from.
        if (begin_ > 0 && !ready_.empty()) break;
        continue;
      }
      if ((*mark)->torn) continue;
      if (ready_.size() < *query_.last || (*mark)->stamp)
        ready_.push_back({file_, (*mark)->start});
      time_ = (*mark)->stamp;
      if (time_) break;
    }
  }
  void pass_damage() {
    const auto damage = log_->damage();
    lines_.reset();
    if (!damage) return;
    source_.note_damage(*log_, *damage);
    if (damage->range.begin > begin_)
      lines_.emplace(*log_, damage->range.begin);
  }
  // False when its end is out of range: a line after it without a stamp is
  // then too.
  base::Result<bool> open_file_before() {
    segment_ = {};
    done_ = file_ == 0;
    if (done_) return true;
    --file_;
    const auto& segment = source_.segments()[file_];
    auto opened = open_segment(segment, source_.since(), source_.until());
    if (!opened) return base::fail(std::move(opened.error()));
    segment_ = std::move(*opened);
    std::ranges::copy(segment_.problems, std::back_inserter(problems_));
    if (!segment_.log) return true;
    begin_ = segment_.range.begin;
    log_ = segment_.log.get();
    if (segment_.hole) source_.note_damage(*log_, *segment_.hole);
    if (segment_.range.end > begin_)
      lines_.emplace(*segment_.log, segment_.range.end);
    return segment_.reaches_end();
  }
  bool in_range() const {
    const auto since = source_.since();
    const auto until = source_.until();
    if (since && (!time_ || *time_ < *since)) return false;
    return !until || (time_ && *time_ < *until);
  }

  Source& source_;
  const Query& query_;
  Problems& problems_;
  size_t file_;
  OpenSegment segment_;        // none: the live file
  store::Log* log_ = nullptr;  // the file we are in
  std::optional<store::BackwardLines> lines_;
  uint64_t begin_ = 0;
  std::vector<Place> ready_;  // the last line first; of one stamp
  size_t next_ = 0;
  bool done_ = false;
  Place place_;
  Time time_;
  std::optional<Time> key_;
};

base::Result<store::Range> range_of(Source& source) {
  if (!source.is_open()) return store::Range{};
  return store::find_range(source.log(), source.limit(), source.since(),
                           source.until());
}

base::Result<std::string> read_at(store::Log& log, uint64_t start,
                                  uint64_t end) {
  std::string text(static_cast<size_t>(std::min<uint64_t>(end - start, 65536)),
                   '\0');
  auto n = log.read_at(text, start);
  if (!n) return base::fail(std::move(n.error()));
  text.resize(*n);
  return text;
}

// Where the events begin that one file gives, and whether that is all of them.
struct EventPlace {
  uint64_t start = 0;
  bool enough = false;
};

// Takes what it gives off `most`.
base::Result<EventPlace> place_in(store::Log& log, uint64_t end, Time from,
                                  uint64_t& most) {
  store::BackwardLines lines(log, end);
  EventPlace place{end, most == 0};
  while (!place.enough) {
    auto mark = lines.previous();
    if (!mark) return base::fail(std::move(mark.error()));
    if (!*mark) break;
    auto text = read_at(log, (*mark)->start, (*mark)->end);
    if (!text) return base::fail(std::move(text.error()));
    const auto event = store::parse_event(*text);
    place.enough = event && from && event->time < *from;
    if (place.enough) break;
    place.start = (*mark)->start;
    if (event && event->kind != store::EventKind::LineEnded)
      place.enough = --most == 0;
  }
  return place;
}

struct LastLines {
  Time first;         // of the earliest line taken
  bool more = false;  // lines lie before
};

LastLines place_last(std::vector<BackCursor>& cursors, uint64_t lines) {
  LastLines result;
  std::vector<bool> live(cursors.size());
  for (size_t i = 0; i < cursors.size(); ++i) {
    auto& source = cursors[i].source();
    source.begin_at(source.segments().size(), source.limit());
    live[i] = cursors[i].step();
  }
  for (uint64_t taken = 0;; ++taken) {
    size_t best = cursors.size();
    for (size_t i = 0; i < cursors.size(); ++i)
      if (live[i] &&
          (best == cursors.size() || cursors[i].key() >= cursors[best].key()))
        best = i;
    if (best == cursors.size()) return result;
    if (taken == lines) {
      result.more = true;
      return result;
    }
    BackCursor& cursor = cursors[best];
    cursor.source().begin_at(cursor.place().file, cursor.place().start,
                             cursor.time());
    result.first = cursor.time();
    live[best] = cursor.step();
  }
}

}  // namespace

base::Status place_events(Source& source, Time from, uint64_t most) {
  source.begin_at(0, 0);
  if (!from && most == UINT64_MAX) return {};
  size_t file = source.segments().size();
  if (source.is_open()) {
    auto here = place_in(source.log(), source.limit(), from, most);
    if (!here) return base::fail(std::move(here.error()));
    source.begin_at(file, here->start);
    if (here->enough) return {};
  } else {
    source.begin_at(file, 0);
  }
  while (file > 0) {
    auto earlier = open_segment(source.segments()[--file], {}, {});
    if (!earlier) return base::fail(std::move(earlier.error()));
    if (!earlier->log) continue;
    auto here = place_in(*earlier->log, earlier->size, from, most);
    if (!here) return base::fail(std::move(here.error()));
    if (here->start < earlier->size) source.begin_at(file, here->start);
    if (here->enough) return {};
  }
  return {};
}

base::Status place(std::span<Source* const> group, const Query& query,
                   Problems& problems) {
  std::vector<BackCursor> cursors;
  cursors.reserve(group.size());
  for (Source* source : group) {
    if (source->has_event()) continue;
    auto range = range_of(*source);
    if (!range) return base::fail(std::move(range.error()));
    source->begin_live_at(range->begin);
    if (query.last && (source->is_open() || source->in_segments()))
      cursors.emplace_back(*source, *range, query, problems);
    source->narrow(range->end);
  }
  Time from = query.since;
  uint64_t most_events = UINT64_MAX;
  if (query.last) {
    const auto last = place_last(cursors, *query.last);
    if (last.more || *query.last == 0)
      from = last.first;
    else if (!query.since)
      most_events = *query.last;
    if (*query.last == 0) most_events = 0;
  }
  for (Source* source : group) {
    if (!source->has_event()) continue;
    auto placed =
        place_events(*source, std::max(from, source->since()), most_events);
    if (!placed) return placed;
  }
  return {};
}

}  // namespace query
