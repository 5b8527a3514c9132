#include "rotate/prune.h"

#include <algorithm>
#include <chrono>

namespace rotate {

std::vector<Removal> plan_prune(std::vector<Stored> stock, const Prune& prune,
                                base::Timestamp now, uint64_t free) {
  Facts facts;
  facts.now = now;
  facts.free = free;
  // Deleted apps keep what is not asked for.
  facts.gone_age = std::chrono::milliseconds::max();
  if (prune.before) {
    const auto age = std::chrono::microseconds(now.us - prune.before->us);
    facts.retain = [age](const std::string&) {
      Retain retain;
      retain.age = std::chrono::floor<std::chrono::milliseconds>(age);
      return retain;
    };
  }
  auto removals = plan_retention(
      std::move(stock), {prune.to.value_or(UINT64_MAX), prune.free.value_or(0)},
      facts);
  for (auto& removal : removals) removal.reason = "pruned";
  return removals;
}

}  // namespace rotate
