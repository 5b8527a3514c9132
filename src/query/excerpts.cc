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

Group group_of(const Origin& origin, const Around& around) {
  if (around.whole_flow) return {};
  return {origin.app, origin.instance};
}

// The stamps of lines near a place in one history. Keeps the file open that
// was asked for last, since questions come in order.
class Neighbours {
 public:
  explicit Neighbours(Source& source) : source_(&source) {}

  // Of the line so many lines before; none: there are fewer.
  base::Result<Excerpt> around(HitPlace place, Time own, const Around& around) {
    Excerpt found{own, own};
    auto first = before(place, around.before + 1);
    if (!first) return base::fail(std::move(first.error()));
    found.first = *first ? std::min(**first, own) : Time{};
    auto last = after(place, around.after + 1);
    if (!last) return base::fail(std::move(last.error()));
    found.last = std::max(*last, own);
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

  // Time{} inside: the line there has no stamp before it.
  base::Result<std::optional<Time>> before(HitPlace place, uint64_t lines) {
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
          if (lines > 0) --lines;
          if (lines > 0) continue;
          // One without a stamp has that of a line before it.
          if ((*mark)->stamp) return std::optional(Time((*mark)->stamp));
        }
      }
      if (file == 0) return std::optional<Time>{};
    }
  }

  base::Result<Time> after(HitPlace place, uint64_t lines) {
    Time time;
    uint64_t offset = place.offset;
    ++lines;  // the line itself
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
        time = piece.time;
        if (--lines == 0) return time;
      }
    }
    return Time{kEnd};
  }

  Source* source_;
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
                        std::pair(source.get(), Neighbours(*source)));
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
  bool wants_more() const override { return matches_ < kMostMatches; }

  std::map<Group, Excerpts> found;

 private:
  std::map<const Origin*, std::pair<Source*, Neighbours>> beside_;
  Around around_;
  Problems& problems_;
  uint64_t matches_ = 0;
};

}  // namespace

void set_excerpts(Search& search,
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
      auto end = Neighbours(*source).around(
          {source->segments().size(), source->limit()},
          base::Timestamp{INT64_MAX}, around);
      if (end)
        add(excerpts, *end);
      else
        problems.push_back(std::move(end.error()));
    }
    source->set_excerpts(std::move(excerpts));
  }
}

}  // namespace query
