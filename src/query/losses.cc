#include "query/losses.h"

#include <algorithm>

namespace query {
namespace {

constexpr int64_t kInARowUs = 60'000'000;
constexpr size_t kMostRuns = 3;

}  // namespace

void Losses::add(const store::Event& event) {
  const bool dropped = event.kind == store::EventKind::Drop;
  if (!dropped && event.kind != store::EventKind::Lost) return;
  Gap gap{.app = event.app,
          .cause = dropped ? Gap::Cause::Dropped : Gap::Cause::Lost,
          .kept = event.first.value_or(event.time),
          .begin = event.last.value_or(event.time),
          .when = event.time,
          .lines = static_cast<uint64_t>(std::max<int64_t>(event.lines, 0)),
          .words = event.reason};
  if (*gap.begin < range_.since) return;
  if (range_.until && *gap.kept >= *range_.until) return;
  auto& runs = runs_[{event.app, dropped ? event.reason : std::string()}];
  if (runs.empty() || (runs.size() < kMostRuns &&
                       runs.back().begin->us + kInARowUs < gap.kept->us)) {
    runs.push_back(std::move(gap));
    return;
  }
  Gap& last = runs.back();
  last.kept = std::min(*last.kept, *gap.kept);
  last.begin = std::max(*last.begin, *gap.begin);
  last.when = gap.when;
  last.lines += gap.lines;
  last.words = std::move(gap.words);
}

std::vector<Gap> Losses::of(const std::string& app) const {
  std::vector<Gap> gaps;
  for (auto at = runs_.lower_bound({app, {}});
       at != runs_.end() && at->first.first == app; ++at)
    gaps.insert(gaps.end(), at->second.begin(), at->second.end());
  std::ranges::stable_sort(gaps, {}, &Gap::kept);
  return gaps;
}

}  // namespace query
