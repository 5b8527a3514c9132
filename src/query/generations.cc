#include "query/generations.h"

#include <algorithm>
#include <map>
#include <utility>

namespace query {
namespace {

using Time = std::optional<base::Timestamp>;

struct Ended {
  base::Timestamp from;
  uint64_t generation = 0;
  Time until;  // the next one began
  bool stopped = false;
  bool crashed = false;
};
using Lived = std::vector<Ended>;  // of an instance, by time

void learn(Lived& history, const store::Event& event) {
  const bool known =
      !history.empty() && history.back().generation == event.generation;
  switch (event.kind) {
    case store::EventKind::Adopt:
      if (known) return;
      [[fallthrough]];
    case store::EventKind::Start:
      if (!history.empty()) history.back().until = event.time;
      history.push_back({event.time, event.generation, {}, false, false});
      return;
    case store::EventKind::Stop:
      if (!history.empty()) history.back().stopped = true;
      return;
    case store::EventKind::Exit:
      if (known && !history.back().stopped)
        history.back().crashed =
            event.signal.has_value() || event.code.value_or(0) != 0;
      return;
    default:
      return;
  }
}

const Ended* choose(const Lived& history, const LifeChoice& choice) {
  using Which = LifeChoice::Which;
  const auto find = [&](auto wanted) -> const Ended* {
    const auto found = std::find_if(history.rbegin(), history.rend(), wanted);
    return found == history.rend() ? nullptr : &*found;
  };
  switch (choice.which) {
    case Which::Number:
      return find(
          [&](const Ended& e) { return e.generation == choice.number; });
    case Which::FromEnd:
      return choice.number > history.size() || choice.number == 0
                 ? nullptr
                 : &history[history.size() - choice.number];
    case Which::SinceRestart:
      return history.empty() ? nullptr : &history.back();
    case Which::LastCrash:
      return find([](const Ended& e) { return e.crashed; });
    case Which::All:
      break;
  }
  return nullptr;
}

}  // namespace

void choose_lives(Plan& plan, const LifeChoice& choice, Problems& problems) {
  std::map<std::pair<std::string, int>, Lived> histories;
  read_events(plan.origins, problems, [&](const store::Event& event) {
    if (event.instance >= 0)
      learn(histories[{event.app, event.instance}], event);
  });
  std::map<std::pair<std::string, int>, Ended> chosen;
  for (const auto& [key, history] : histories)
    if (const Ended* life = choose(history, choice)) chosen[key] = *life;
  std::erase_if(plan.origins, [&](Origin& origin) {
    bool any = false;
    bool open = false;
    for (const auto& [key, life] : chosen) {
      if (key.first != origin.app) continue;
      if (origin.instance >= 0 && key.second != origin.instance) continue;
      origin.since =
          any && origin.since ? std::min(*origin.since, life.from) : life.from;
      open = open || !life.until;
      if (life.until) origin.until = std::max(origin.until, life.until);
      any = true;
    }
    if (open) origin.until.reset();
    return !any;
  });
}

}  // namespace query
