#include "query/lives.h"

#include <algorithm>

namespace query {
namespace {

using store::EventKind;
using History = std::vector<Life>;

Life* at(History& history, base::Timestamp time) {
  const auto after = std::ranges::upper_bound(history, time, {}, &Life::from);
  return after == history.begin() ? nullptr : &*std::prev(after);
}

void insert(History& history, Life life) {
  auto after = std::ranges::upper_bound(history, life.from, {}, &Life::from);
  if (after != history.end()) life.until = after->from;
  if (after != history.begin()) std::prev(after)->until = life.from;
  history.insert(after, life);
}

void begin(History& history, const store::Event& event) {
  const auto is_told = [&](const Life& life) {
    return life.generation == event.generation && life.begun;
  };
  const auto then =
      std::ranges::equal_range(history, event.time, {}, &Life::from);
  if (std::ranges::any_of(then, is_told)) return;
  insert(history, {.from = event.time,
                   .generation = event.generation,
                   .pid = event.pid,
                   .begun = true});
}

// A life that a new daemon took over began before.
void adopt(History& history, const store::Event& event) {
  Life* now = at(history, event.time);
  if (now == nullptr || now->generation != event.generation)
    return begin(history, event);
  if (now->begun) return;
  now->begun = true;
  now->pid = event.pid;
}

const Life* last_of(const History& history, const store::Event& event) {
  auto after = std::ranges::upper_bound(history, event.time, {}, &Life::from);
  while (after != history.begin())
    if ((--after)->generation == event.generation) return &*after;
  return nullptr;
}

}  // namespace

void Lives::add(const store::Event& event) {
  if (event.instance < 0) return;
  auto& history = lives_[{event.app, event.instance}];
  if (event.kind == EventKind::Start) return begin(history, event);
  if (event.kind == EventKind::Adopt) return adopt(history, event);
  if (history.empty() && event.generation > 0)
    history.push_back({.from = event.time, .generation = event.generation});
  Life* now = at(history, event.time);
  if (now == nullptr) return;
  if (event.kind == EventKind::Stop) now->stopped = true;
  if (event.kind == EventKind::Exit && now->generation == event.generation &&
      !now->stopped)
    now->crashed = event.signal.has_value() || event.code.value_or(0) != 0;
}

const Life* Lives::find(const Origin& origin, base::Timestamp line) const {
  if (origin.instance < 0) return nullptr;  // of several instances
  const auto lives = lives_.find({origin.app, origin.instance});
  if (lives == lives_.end()) return nullptr;
  const auto after =
      std::ranges::upper_bound(lives->second, line, {}, &Life::from);
  if (after == lives->second.begin()) return nullptr;
  const Life& life = *std::prev(after);
  return life.begun ? &life : nullptr;
}

const Life* Lives::of(const store::Event& event) const {
  const auto lives = lives_.find({event.app, event.instance});
  return lives == lives_.end() ? nullptr : last_of(lives->second, event);
}

const Life* Lives::choose(const Instance& instance,
                          const LifeChoice& choice) const {
  using Which = LifeChoice::Which;
  const auto lives = lives_.find(instance);
  if (lives == lives_.end()) return nullptr;
  const auto& history = lives->second;
  const auto find = [&](auto wanted) -> const Life* {
    const auto found = std::find_if(history.rbegin(), history.rend(), wanted);
    return found == history.rend() ? nullptr : &*found;
  };
  switch (choice.which) {
    case Which::Number:
      return find(
          [&](const Life& life) { return life.generation == choice.number; });
    case Which::FromEnd:
      return choice.number > history.size() || choice.number == 0
                 ? nullptr
                 : &history[history.size() - choice.number];
    case Which::SinceRestart:
      return history.empty() ? nullptr : &history.back();
    case Which::LastCrash:
      return find([](const Life& life) { return life.crashed; });
    case Which::All:
      break;
  }
  return nullptr;
}

Lives find_lives(const std::vector<Origin>& origins, Problems& problems) {
  Lives lives;
  read_events(origins, problems,
              [&](const store::Event& event) { lives.add(event); });
  return lives;
}

}  // namespace query
