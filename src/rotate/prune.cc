#include "rotate/prune.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>

#include "base/fs.h"

namespace rotate {
namespace {

// Only what is asked for: no age, not even that of deleted apps.
Facts facts_at(base::Timestamp now) {
  Facts facts;
  facts.now = now;
  facts.gone_age = std::chrono::days(365'000);
  return facts;
}

void take_out(const std::vector<Removal>& removals,
              std::vector<Stored>& stock) {
  for (const auto& removal : removals)
    std::erase_if(stock, [&](const Stored& file) {
      return file.path == removal.file.path;
    });
}

}  // namespace

base::Result<std::vector<Removal>> plan_prune(std::vector<Stored> stock,
                                              const Prune& prune,
                                              base::Timestamp now) {
  Facts facts = facts_at(now);
  if (prune.before) {
    const auto age = std::chrono::microseconds(now.us - prune.before->us);
    facts.retain = [age](const std::string&) {
      Retain retain;
      retain.age = std::chrono::floor<std::chrono::milliseconds>(age);
      return retain;
    };
  }
  auto removals =
      plan_retention(stock, {prune.to.value_or(UINT64_MAX), 0}, facts);
  if (prune.free) {
    take_out(removals, stock);
    std::map<uint64_t, uint64_t> freed;
    for (const auto& removal : removals)
      freed[removal.file.device] += removal.file.bytes;
    std::map<uint64_t, std::vector<Stored>> by_device;
    for (auto& file : stock) by_device[file.device].push_back(std::move(file));
    for (auto& [device, files] : by_device) {
      auto space = base::fs::space(base::fs::dir_name(files.front().path));
      if (!space) return base::pass(std::move(space), "prune");
      facts = facts_at(now);
      facts.free = space->free + freed[device];
      std::ranges::move(
          plan_retention(std::move(files), {UINT64_MAX, *prune.free}, facts),
          std::back_inserter(removals));
    }
  }
  for (auto& removal : removals) removal.reason = "pruned";
  return removals;
}

}  // namespace rotate
