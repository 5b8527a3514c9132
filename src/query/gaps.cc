#include "query/gaps.h"

#include <algorithm>
#include <map>

namespace query {
namespace {

using Time = std::optional<base::Timestamp>;

constexpr int64_t kSecond = 1'000'000;

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

}  // namespace

std::vector<Gap> find_gaps(const std::vector<Origin>& origins,
                           base::Timestamp since, Problems& problems) {
  std::map<std::string, base::Timestamp> flushed;
  read_events(origins, problems, [&](const store::Event& event) {
    if (event.kind != store::EventKind::Flush || event.time < since) return;
    auto& last = flushed.try_emplace(event.app, event.time).first->second;
    last = std::max(last, event.time);
  });
  std::vector<Gap> gaps;
  for (const auto& origin : origins) {
    const auto found = flushed.find(origin.app);
    if (found == flushed.end() || origin.kind == Kind::Events) continue;
    if (gaps.empty() || gaps.back().app != origin.app)
      gaps.push_back({origin.app, std::nullopt, std::nullopt, found->second});
    Gap& gap = gaps.back();
    const Left left(origin, found->second, problems);
    if (left.begin)
      gap.begin = gap.begin ? std::min(*gap.begin, *left.begin) : *left.begin;
    if (left.kept && !left.untouched)
      gap.kept = gap.kept ? std::min(*gap.kept, *left.kept) : *left.kept;
  }
  // A stream that was left out of the flush may reach back far enough.
  std::erase_if(
      gaps, [&](const Gap& gap) { return gap.begin && *gap.begin < since; });
  return gaps;
}

}  // namespace query
