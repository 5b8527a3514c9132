#include "rotate/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>
#include <span>
#include <tuple>

#include "base/units.h"
#include "rotate/dating.h"
#include "rotate/shares.h"

namespace rotate {
namespace {

using Why = Removal::Why;

struct Item {
  Dated dated;
  bool unshipped = false;
  bool removed = false;
};

// One app in the fight for room: what it would give, in order.
struct Giver {
  std::string app;
  bool gone = false;
  uint64_t used = 0;            // bytes, with live ones
  std::vector<size_t> shipped;  // items, oldest first
  std::vector<size_t> unshipped;
  size_t next_shipped = 0;
  size_t next_unshipped = 0;
};

class Planner {
 public:
  Planner(std::vector<Stored> stock, const Budget& budget, const Facts& facts)
      : budget_(budget), facts_(facts) {
    for (Dated& dated : date_stock(std::move(stock), facts.now)) {
      const bool waits = facts.unshipped && facts.unshipped(dated.file);
      stored_ += dated.file.bytes;
      items_.push_back({std::move(dated), waits, false});
    }
  }

  std::vector<Removal> plan() {
    for (size_t begin = 0; begin < items_.size();) {
      size_t end = begin + 1;
      while (end < items_.size() && is_same_stream(begin, end)) ++end;
      plan_stream(begin, end);
      begin = end;
    }
    gather_givers();
    plan_room(Why::Cap);
    plan_room(Why::Free);
    return std::move(removals_);
  }

 private:
  const Stored& file(size_t at) const { return items_[at].dated.file; }
  bool is_same_stream(size_t a, size_t b) const {
    return std::tie(file(a).app, file(a).kind, file(a).instance) ==
           std::tie(file(b).app, file(b).kind, file(b).instance);
  }

  void remove(size_t at, Why why, std::string reason) {
    Item& item = items_[at];
    item.removed = true;
    stored_ -= item.dated.file.bytes;
    freed_ += item.dated.file.bytes;
    removals_.push_back(
        {item.dated.file, why, std::move(reason), item.unshipped});
  }

  const Retain& retain_of(const std::string& app) {
    if (last_app_ != app || !retain_) {
      retain_ = facts_.retain ? facts_.retain(app) : Retain{};
      last_app_ = app;
    }
    return *retain_;
  }

  // What waits to be shipped is passed over, and nothing goes in its place.
  void plan_stream(size_t begin, size_t end) {
    const Retain& retain = retain_of(file(begin).app);
    size_t kept_by_size = end;  // from here on
    uint64_t bytes = 0;
    while (kept_by_size > begin) {
      bytes += file(kept_by_size - 1).bytes;
      if (retain.size && bytes > *retain.size) break;
      --kept_by_size;
    }
    const std::string name(store::segment_kind_name(file(begin).kind));
    for (size_t at = begin; at < end; ++at) {
      if (items_[at].unshipped) continue;
      if (retain.count && end - at > *retain.count)
        remove(at, Why::Count,
               fmt::format("{} files of {}, {} are kept", end - begin, name,
                           *retain.count));
      else if (auto reason = age_reason(items_[at].dated, retain))
        remove(at, Why::Age, std::move(*reason));
      else if (at < kept_by_size)
        remove(at, Why::Size,
               fmt::format("of {}, {} are kept", name,
                           base::exact_size(*retain.size)));
    }
  }

  bool is_older(base::Timestamp time, std::chrono::milliseconds age) const {
    return (facts_.now.us - time.us) / 1000 > age.count();
  }

  std::optional<std::string> age_reason(const Dated& dated,
                                        const Retain& retain) const {
    if (!facts_.clock_is_right) return std::nullopt;
    if (dated.has_age && retain.age && is_older(dated.ended, *retain.age))
      return fmt::format("older than {}", base::exact_duration(*retain.age));
    const auto since = gone_since(dated, facts_.now);
    if (since && is_older(*since, facts_.gone_age))
      return fmt::format("{} was deleted more than {} ago", dated.file.app,
                         base::exact_duration(facts_.gone_age));
    return std::nullopt;
  }

  void gather_givers() {
    std::map<std::string, size_t> known;
    for (size_t at = 0; at < items_.size(); ++at) {
      if (items_[at].removed) continue;
      const auto [place, is_new] = known.emplace(file(at).app, givers_.size());
      if (is_new) {
        givers_.push_back({});
        givers_.back().app = file(at).app;
        givers_.back().gone = file(at).gone;
        if (facts_.live_of) givers_.back().used = facts_.live_of(file(at).app);
      }
      Giver& giver = givers_[place->second];
      giver.used += file(at).bytes;
      (items_[at].unshipped ? giver.unshipped : giver.shipped).push_back(at);
    }
    // Streams of an app against each other.
    const auto age = [&](size_t at) {
      return std::tie(items_[at].dated.ended, file(at).kind, file(at).instance,
                      file(at).sequence);
    };
    for (Giver& giver : givers_)
      for (auto* list : {&giver.shipped, &giver.unshipped})
        std::ranges::sort(*list,
                          [&](size_t a, size_t b) { return age(a) < age(b); });
  }

  bool has_room(Why why) const {
    if (why == Why::Cap) return facts_.live + stored_ <= budget_.cap;
    return facts_.free + freed_ >= budget_.keep_free;
  }

  std::optional<size_t> take_next(Giver& giver, Why why) const {
    if (giver.next_shipped < giver.shipped.size())
      return giver.shipped[giver.next_shipped++];
    if (why == Why::Cap && giver.next_unshipped < giver.unshipped.size())
      return giver.unshipped[giver.next_unshipped++];
    return std::nullopt;
  }

  // Over the level up to which all may fill the cap, the furthest is who takes
  // most. Only who gave moves, so the queue never holds anything outdated.
  void plan_room(Why why) {
    if (has_room(why)) return;
    const uint64_t level = share_level();
    const auto later = [&](size_t a, size_t b) {
      const Giver& x = givers_[a];
      const Giver& y = givers_[b];
      return std::tuple(x.used, x.gone, std::string_view(y.app)) <
             std::tuple(y.used, y.gone, std::string_view(x.app));
    };
    std::priority_queue<size_t, std::vector<size_t>, decltype(later)> queue(
        later);
    for (size_t i = 0; i < givers_.size(); ++i) queue.push(i);
    while (!queue.empty() && !has_room(why)) {
      const size_t most = queue.top();
      queue.pop();
      Giver& giver = givers_[most];
      const auto at = take_next(giver, why);
      if (!at) continue;
      remove(*at, why, room_reason(giver, why, level));
      giver.used -= file(*at).bytes;
      queue.push(most);
    }
  }

  uint64_t share_level() const {
    std::vector<uint64_t> used;
    uint64_t live = 0;
    for (const Giver& giver : givers_) {
      used.push_back(giver.used);
      if (facts_.live_of) live += facts_.live_of(giver.app);
    }
    return fill_level(room_for(budget_.cap, facts_.live, live), used);
  }

  std::string room_reason(const Giver& giver, Why why, uint64_t level) const {
    using base::format_size;
    if (why == Why::Free)
      return fmt::format("{} are free, {} are to be; {} takes {}",
                         format_size(facts_.free + freed_),
                         format_size(budget_.keep_free), giver.app,
                         format_size(giver.used));
    return fmt::format(
        "logs take {} of {}; {} takes {}, its share is {}",
        format_size(facts_.live + stored_), format_size(budget_.cap), giver.app,
        format_size(giver.used), format_size(std::min(level, budget_.cap)));
  }

  const Budget& budget_;
  const Facts& facts_;
  std::vector<Item> items_;
  std::vector<Giver> givers_;
  std::vector<Removal> removals_;
  uint64_t stored_ = 0;
  uint64_t freed_ = 0;
  std::optional<Retain> retain_;
  std::string last_app_;
};

}  // namespace

std::string_view why_name(Why why) {
  switch (why) {
    case Why::Count:
      return "count";
    case Why::Age:
      return "age";
    case Why::Size:
      return "size";
    case Why::Cap:
      return "cap";
    case Why::Free:
      return "free";
  }
  return "cap";
}

std::vector<Removal> plan_retention(std::vector<Stored> stock,
                                    const Budget& budget, const Facts& facts) {
  return Planner(std::move(stock), budget, facts).plan();
}

}  // namespace rotate
