// Plans of retention, against an oracle that looks at everything anew.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "rotate/retention.h"
#include "rotate/stocked.h"
#include "support/sanitized.h"

using namespace rotate_test;
using namespace std::chrono_literals;
using rotate::Budget;
using rotate::Facts;
using rotate::Retain;
using rotate::Stored;
using store::SegmentKind;

namespace {

struct Random {
  std::mt19937_64 engine;
  uint64_t below(uint64_t n) { return engine() % n; }
};

struct Case {
  std::vector<Stored> stock;
  Budget budget;
  Facts facts;
  std::map<std::string, Retain> retain;
  std::map<std::string, uint64_t> live;
  std::set<std::string> unshipped;
};

Case make_case(Random& random) {
  Case made;
  made.facts.now = kNow;
  const char* const apps[] = {"api", "api-1", "my-api", "api-out", "web"};
  const uint64_t many = 1 + random.below(40);
  std::map<std::string, uint64_t> sequence;
  uint64_t total = 0;
  for (uint64_t i = 0; i < many; ++i) {
    const std::string app = apps[random.below(5)];
    const auto kind = static_cast<SegmentKind>(random.below(3));
    const auto number =
        ++sequence[app + std::to_string(static_cast<int>(kind))];
    // Ages within a stream fall with the number; ties are wanted.
    auto file = stored(app, number, 60 - static_cast<int64_t>(number) * 3,
                       random.below(6) * 5, kind);
    file.gone = app == "web";
    file.deleted = days_ago(10);
    total += file.bytes;
    if (random.below(4) == 0) made.unshipped.insert(file.path);
    made.stock.push_back(std::move(file));
  }
  std::shuffle(made.stock.begin(), made.stock.end(), random.engine);
  for (const char* const app : apps) {
    if (random.below(2) == 0) made.live[app] = random.below(30);
    auto& retain = made.retain[app];
    if (random.below(4) == 0) retain.count = random.below(8);
    if (random.below(4) == 0) retain.size = random.below(60);
    if (random.below(4) == 0) retain.age = 24h * random.below(60);
  }
  for (const auto& [app, bytes] : made.live) made.facts.live += bytes;
  made.facts.live += random.below(20);
  made.budget.cap = random.below(total + made.facts.live + 20);
  made.facts.free = random.below(50);
  made.budget.keep_free = random.below(100);
  made.facts.retain = [retain = made.retain](const std::string& app) {
    return retain.at(app);
  };
  made.facts.live_of = [live = made.live](const std::string& app) {
    const auto at = live.find(app);
    return at == live.end() ? 0 : at->second;
  };
  made.facts.unshipped = [list = made.unshipped](const Stored& file) {
    return list.contains(file.path);
  };
  return made;
}

// What goes, found by looking at everything anew for each file.
class Oracle {
 public:
  explicit Oracle(const Case& made) : case_(made), left_(made.stock) {}

  std::vector<std::pair<std::string, rotate::Removal::Why>> plan() {
    limit_streams();
    for (const auto why :
         {rotate::Removal::Why::Cap, rotate::Removal::Why::Free})
      while (lacks_room(why) && take_one(why)) {
      }
    return std::move(gone_);
  }

 private:
  bool waits(const Stored& file) const {
    return case_.unshipped.contains(file.path);
  }
  uint64_t bytes_of(const std::string& app) const {
    uint64_t bytes = case_.facts.live_of(app);
    for (const auto& file : left_)
      if (file.app == app) bytes += file.bytes;
    return bytes;
  }
  bool lacks_room(rotate::Removal::Why why) const {
    uint64_t stored = 0;
    for (const auto& file : left_) stored += file.bytes;
    if (why == rotate::Removal::Why::Cap)
      return case_.facts.live + stored > case_.budget.cap;
    return case_.facts.free + freed_ < case_.budget.keep_free;
  }
  void remove(const Stored& file, rotate::Removal::Why why) {
    gone_.emplace_back(file.path, why);
    freed_ += file.bytes;
    std::erase_if(left_, [path = file.path](const Stored& one) {
      return one.path == path;
    });
  }

  void limit_streams() {
    auto all = left_;
    std::ranges::sort(all, [](const Stored& a, const Stored& b) {
      return std::tie(a.app, a.kind, a.sequence) <
             std::tie(b.app, b.kind, b.sequence);
    });
    for (const auto& file : all) {
      uint64_t from_here = 0;
      uint64_t bytes_from_here = 0;
      for (const auto& other : all)
        if (other.app == file.app && other.kind == file.kind &&
            other.sequence >= file.sequence) {
          ++from_here;
          bytes_from_here += other.bytes;
        }
      const Retain& retain = case_.retain.at(file.app);
      if (waits(file)) continue;
      if (retain.count && from_here > *retain.count)
        remove(file, rotate::Removal::Why::Count);
      else if (retain.age &&
               kNow.us - file.last->us > retain.age->count() * 1000)
        remove(file, rotate::Removal::Why::Age);
      else if (retain.size && bytes_from_here > *retain.size)
        remove(file, rotate::Removal::Why::Size);
    }
  }

  // Shares by giving away what is not needed until nobody needs less.
  double share_of(const std::set<std::string>& apps) const {
    uint64_t others = case_.facts.live;
    for (const auto& one : apps) others -= case_.facts.live_of(one);
    double room = std::max(0.0, static_cast<double>(case_.budget.cap) -
                                    static_cast<double>(others));
    auto open = apps;
    for (bool changed = true; changed && !open.empty();) {
      changed = false;
      const double part = room / static_cast<double>(open.size());
      for (const auto& one : std::set<std::string>(open))
        if (static_cast<double>(bytes_of(one)) < part) {
          open.erase(one);
          room -= static_cast<double>(bytes_of(one));
          changed = true;
          break;
        }
      if (!changed) return part;
    }
    return room;
  }

  bool take_one(rotate::Removal::Why why) {
    std::set<std::string> apps;
    for (const auto& file : left_) apps.insert(file.app);
    for (const auto& app : had_) apps.insert(app);
    if (had_.empty()) had_ = apps;
    std::optional<Stored> best;
    double furthest = 0;
    for (const auto& app : apps) {
      const auto next = next_of(app, why);
      if (!next) continue;
      const double over = static_cast<double>(bytes_of(app)) - share_of(apps);
      const bool equal = best && std::abs(over - furthest) < 1e-6;
      if (!best || (equal ? next->gone && !best->gone : over > furthest)) {
        best = next;
        furthest = over;
      }
    }
    if (!best) return false;
    remove(*best, why);
    return true;
  }

  std::optional<Stored> next_of(const std::string& app,
                                rotate::Removal::Why why) const {
    std::optional<Stored> next;
    const auto order = [&](const Stored& file) {
      return std::tuple(waits(file), *file.last, file.kind, file.sequence);
    };
    for (const auto& file : left_)
      if (file.app == app && (!next || order(file) < order(*next))) next = file;
    if (next && waits(*next) && why != rotate::Removal::Why::Cap)
      return std::nullopt;
    return next;
  }

  const Case& case_;
  std::vector<Stored> left_;
  std::vector<std::pair<std::string, rotate::Removal::Why>> gone_;
  std::set<std::string> had_;
  uint64_t freed_ = 0;
};

}  // namespace

TEST_CASE("plans of random stocks, against one that looks at everything anew") {
  Random random{std::mt19937_64(11)};
  size_t removals = 0;
  const int rounds = support::kSanitized ? 300 : 5000;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    const Case made = make_case(random);
    std::vector<std::pair<std::string, rotate::Removal::Why>> found;
    for (const auto& removal :
         rotate::plan_retention(made.stock, made.budget, made.facts)) {
      found.emplace_back(removal.file.path, removal.why);
      REQUIRE(removal.unshipped == made.unshipped.contains(removal.file.path));
    }
    const auto expected = Oracle(made).plan();
    REQUIRE(found == expected);
    removals += found.size();
  }
  CHECK(removals > static_cast<size_t>(rounds));
}
