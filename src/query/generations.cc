#include "query/generations.h"

#include <algorithm>
#include <map>

#include "query/lives.h"

namespace query {

void choose_lives(Plan& plan, const LifeChoice& choice, Problems& problems) {
  const Lives lives = find_lives(plan.origins, problems);
  std::map<Lives::Instance, Life> chosen;
  for (const auto& [instance, history] : lives.all()) {
    const Life* life = lives.choose(instance, choice);
    // Of another it is not known which lines are its own.
    if (life != nullptr && life->begun) chosen[instance] = *life;
  }
  std::erase_if(plan.origins, [&](Origin& origin) {
    bool any = false;
    bool open = false;
    for (const auto& [instance, life] : chosen) {
      if (instance.first != origin.app) continue;
      if (origin.instance >= 0 && instance.second != origin.instance) continue;
      origin.since =
          any && origin.since ? std::min(*origin.since, life.from) : life.from;
      open = open || !life.until;
      if (life.until) origin.until = std::max(origin.until, life.until);
      if (origin.kind == Kind::Events)
        origin.stretches.push_back({instance.second, life.from, life.until});
      any = true;
    }
    if (open) origin.until.reset();
    if (!origin.stretches.empty() && choice.newcomers)
      origin.stretches.push_back({-1, *choice.newcomers});
    if (!any) origin.since = choice.newcomers;
    return !any && !choice.newcomers;
  });
}

}  // namespace query
