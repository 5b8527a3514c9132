#include "query/excerpts.h"

#include <algorithm>

#include "query/merger.h"
#include "store/times.h"

namespace query {
namespace {

using Time = std::optional<base::Timestamp>;
using Group = std::pair<std::string, int>;

// With more of them, looking beside each costs more than reading everything.
constexpr uint64_t kMostMatches = 20'000;
// The same of the lines looked at beside all of them.
constexpr uint64_t kMostWalked = 2'000'000;

Group group_of(const Origin& origin, const Around& around) {
  if (around.whole_flow) return {};
  return {origin.app, origin.instance};
}

// One line more than are asked for: what lies between two of different files
// goes with either.
uint64_t and_one(uint64_t lines) {
  return lines == UINT64_MAX ? lines : lines + 1;
}

// The stamps of lines near a place in one history. Keeps the file open that
// was asked for last, since questions come in order.
class Neighbours {
 public:
  // Looks at no more than `budget` lines, and takes those off it.
  Neighbours(Source& source, uint64_t& budget)
      : source_(&source), budget_(&budget) {}

  // All stamps of so many lines before and after; those may be out of order.
  // When the budget is used up what is found is of no use.
  base::Result<Excerpt> around(HitPlace place, Time own, const Around& around) {
    Excerpt found{own, own};
    if (auto s = before(place, and_one(around.before), found); !s)
      return base::fail(std::move(s.error()));
    if (auto s = after(place, and_one(around.after), found); !s)
      return base::fail(std::move(s.error()));
    return found;
  }

 private:
  static constexpr base::Timestamp kEnd{INT64_MAX};

  base::Result<store::Log*> log_of(size_t file) {
    const auto& segments = source_->segments();
    if (file == segments.size())
      return source_->is_open() ? &source_->log() : nullptr;
    if (!opened_ || opened_file_ != file) {
      auto opened = open_segment(segments[file], {}, {});
      if (!opened) return base::fail(std::move(opened.error()));
      opened_ = std::move(opened->log);
      opened_file_ = file;
    }
    return opened_.get();
  }
  base::Result<uint64_t> end_of(size_t file, store::Log& log) const {
    if (file == source_->segments().size()) return source_->limit();
    return log.size();
  }

  bool spend() {
    if (*budget_ > 0) --*budget_;
    return *budget_ > 0;
  }
  static void widen(Excerpt& excerpt, Time time) {
    excerpt.first = std::min(excerpt.first, time);
    excerpt.last = std::max(excerpt.last, time);
  }

  base::Status before(HitPlace place, uint64_t lines, Excerpt& found) {
    uint64_t end = place.offset;
    for (size_t file = place.file;; --file) {
      auto log = log_of(file);
      if (!log) return base::fail(std::move(log.error()));
      if (*log != nullptr) {
        if (file != place.file) {
          auto size = (*log)->size();
          if (!size) return base::fail(std::move(size.error()));
          end = *size;
        }
        store::BackwardLines back(**log, end);
        for (;;) {
          auto mark = back.previous();
          if (!mark) return base::fail(std::move(mark.error()));
          if (!*mark) break;
          if (!spend()) return {};
          if ((*mark)->stamp) widen(found, (*mark)->stamp);
          if (lines > 0) --lines;
          // One without a stamp has that of a line before it.
          if (lines == 0 && (*mark)->stamp) return {};
        }
      }
      if (file > 0) continue;
      // There are fewer: all that is before, with or without a time.
      found.first.reset();
      return {};
    }
  }

  base::Status after(HitPlace place, uint64_t lines, Excerpt& found) {
    Time time;
    uint64_t offset = place.offset;
    lines = and_one(lines);  // the line itself
    for (size_t file = place.file; file <= source_->segments().size(); ++file) {
      auto log = log_of(file);
      if (!log) return base::fail(std::move(log.error()));
      if (*log == nullptr) continue;
      auto end = end_of(file, **log);
      if (!end) return base::fail(std::move(end.error()));
      store::LiveReader reader(**log);
      reader.seek(file == place.file ? offset : 0, time);
      store::Piece piece;
      for (;;) {
        auto more = reader.next(*end, true, piece);
        if (!more) return base::fail(std::move(more.error()));
        if (!*more) break;
        if (!piece.begins) continue;
        if (!spend()) return {};
        time = piece.time;
        if (time) widen(found, time);
        if (--lines == 0) return {};
      }
    }
    found.last = kEnd;
    return {};
  }

  Source* source_;
  uint64_t* budget_;
  std::unique_ptr<store::Log> opened_;
  size_t opened_file_ = 0;
};

void add(Excerpts& excerpts, const Excerpt& one) {
  // They come in the order of their matches, of several files.
  auto at = std::ranges::lower_bound(excerpts, one.first, {},
                                     [](const Excerpt& e) { return e.last; });
  if (at == excerpts.end() || one.last < at->first) {
    excerpts.insert(at, one);
    return;
  }
  at->first = std::min(at->first, one.first);
  at->last = std::max(at->last, one.last);
  auto next = std::next(at);
  while (next != excerpts.end() && next->first <= at->last) {
    at->last = std::max(at->last, next->last);
    next = excerpts.erase(next);
    at = std::prev(next);
  }
}

// Where matches are: asks for what lies around each.
class Collector final : public Printer {
 public:
  Collector(std::span<const std::unique_ptr<Source>> sources,
            const Around& around, Problems& problems)
      : around_(around), problems_(problems) {
    for (const auto& source : sources)
      if (!source->has_event())
        beside_.emplace(&source->origin(),
                        std::pair(source.get(), Neighbours(*source, budget_)));
  }

  void piece(const Origin& origin, const store::Piece& piece) override {
    auto& [source, neighbours] = beside_.at(&origin);
    const auto place = source->hit_place();
    auto& excerpts = found[group_of(origin, around_)];
    ++matches_;
    auto excerpt = neighbours.around(place, piece.time, around_);
    if (!excerpt) {
      problems_.push_back(std::move(excerpt.error()));
      return;
    }
    add(excerpts, *excerpt);
  }
  bool event(const Origin&, const store::Event&) override { return false; }
  void settle() override {}
  bool wants_more() const override {
    return matches_ < kMostMatches && budget_ > 0;
  }

  std::map<Group, Excerpts> found;

 private:
  std::map<const Origin*, std::pair<Source*, Neighbours>> beside_;
  Around around_;
  Problems& problems_;
  uint64_t matches_ = 0;
  uint64_t budget_ = kMostWalked;
};

}  // namespace

bool set_excerpts(Search& search,
                  std::span<const std::unique_ptr<Source>> sources,
                  const Around& around, Problems& problems) {
  search.begin(sources, problems);
  std::vector<Source*> lines;
  for (const auto& source : sources)
    if (!source->has_event()) lines.push_back(source.get());
  Collector collector(sources, around, problems);
  merge(lines, collector, problems);
  for (Source* source : lines) {
    source->set_hits(nullptr, false);
    source->begin_at(0, 0);
    if (!collector.wants_more()) continue;
    Excerpts excerpts = collector.found[group_of(source->origin(), around)];
    if (around.and_the_end && source->is_open()) {
      uint64_t budget = kMostWalked;
      auto end = Neighbours(*source, budget)
                     .around({source->segments().size(), source->limit()},
                             base::Timestamp{INT64_MAX}, around);
      if (budget == 0) continue;
      if (end)
        add(excerpts, *end);
      else
        problems.push_back(std::move(end.error()));
    }
    source->set_excerpts(std::move(excerpts));
  }
  return collector.wants_more();
}

}  // namespace query
