#include "query/last_matches.h"

#include <algorithm>

namespace query {

void LastMatches::line(const Origin& origin, const FoundLine& line) {
  if (!line.match || !line.begins) return;
  App& app = apps_[origin.app];
  app.last.push_back({&origin, line.place});
  if (app.last.size() <= most_) return;
  app.last.pop_front();
  app.left_out = true;
}

std::optional<HitPlace> LastMatches::first_of(const Origin& origin) const {
  const auto app = apps_.find(origin.app);
  const bool some = app != apps_.end() && app->second.left_out;
  if (!some && most_ > 0) return std::nullopt;
  if (some) {
    const auto& last = app->second.last;
    const auto first = std::ranges::find(last, &origin, &Match::origin);
    if (first != last.end()) return first->place;
  }
  return kBehindAll;
}

}  // namespace query
