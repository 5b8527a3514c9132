#include "query/gaps.h"

#include <algorithm>
#include <map>

namespace query {
namespace {

std::optional<base::Timestamp> first_stamp(const Origin& origin,
                                           Problems& problems) {
  Source source(origin, {});
  if (auto opened = source.open(); !opened) {
    problems.push_back(std::move(opened.error()));
    return std::nullopt;
  }
  const auto size = source.size();
  source.allow(size ? *size : 0, true);
  const auto more = source.advance();
  if (!more || !*more) return std::nullopt;
  return source.piece().time;
}

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
      gaps.push_back({origin.app, std::nullopt, found->second});
    const auto first = first_stamp(origin, problems);
    auto& begin = gaps.back().begin;
    if (first) begin = begin ? std::min(*begin, *first) : *first;
  }
  // A stream that was left out of the flush may reach back far enough.
  std::erase_if(
      gaps, [&](const Gap& gap) { return gap.begin && *gap.begin < since; });
  return gaps;
}

}  // namespace query
