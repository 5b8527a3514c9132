#include "query/lives.h"

namespace query {

void Lives::add(const store::Event& event) {
  if (event.kind != store::EventKind::Start &&
      event.kind != store::EventKind::Adopt)
    return;
  auto& lives = lives_[{event.app, std::max(event.instance, 0)}];
  // A life that a new daemon took over began before.
  const auto same = [&](const Life& life) {
    return life.generation == event.generation && life.pid == event.pid;
  };
  if (std::ranges::any_of(lives, same)) return;
  const auto at = std::ranges::upper_bound(lives, event.time, {}, &Life::from);
  lives.insert(at, {event.time, event.generation, event.pid});
}

const Life* Lives::find(const Origin& origin, base::Timestamp line) const {
  if (origin.instance < 0) return nullptr;  // of several instances
  const auto lives = lives_.find({origin.app, origin.instance});
  if (lives == lives_.end()) return nullptr;
  const auto after =
      std::ranges::upper_bound(lives->second, line, {}, &Life::from);
  return after == lives->second.begin() ? nullptr : &*std::prev(after);
}

Lives find_lives(const std::vector<Origin>& origins, Problems& problems) {
  Lives lives;
  read_events(origins, problems,
              [&](const store::Event& event) { lives.add(event); });
  return lives;
}

}  // namespace query
