#include "rotate/retention.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "rotate/shares.h"
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

constexpr Budget kRoom{UINT64_MAX, 0};

Facts facts() {
  Facts facts;
  facts.now = kNow;
  facts.free = uint64_t{1} << 40;
  return facts;
}

Facts retaining(Retain retain) {
  Facts all = facts();
  all.retain = [retain](const std::string&) { return retain; };
  return all;
}

// "api/out.0000000001 age"
std::string plan(const std::vector<Stored>& stock, const Budget& budget,
                 const Facts& facts) {
  std::string text;
  for (const auto& removal : rotate::plan_retention(stock, budget, facts)) {
    CHECK_FALSE(removal.reason.empty());
    text += removal.file.app + "/" +
            rotate::describe(removal.file).substr(0, 3) +
            std::to_string(removal.file.sequence) + " " +
            std::string(rotate::why_name(removal.why)) +
            (removal.unshipped ? " unshipped; " : "; ");
  }
  return text;
}

// Ten files a stream, one a day, of 10 bytes each; the first is the oldest.
std::vector<Stored> ten(const std::string& app, SegmentKind kind = {}) {
  std::vector<Stored> files;
  for (uint64_t i = 1; i <= 10; ++i)
    files.push_back(stored(app, i, 10 - static_cast<int64_t>(i), 10, kind));
  return files;
}

void add(std::vector<Stored>& to, const std::vector<Stored>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("nothing goes that nothing limits") {
  CHECK(plan(ten("api"), kRoom, facts()).empty());
  CHECK(plan({}, {0, UINT64_MAX}, facts()).empty());
}

TEST_CASE("count, age and size are of each stream, and take its oldest") {
  auto stock = ten("api");
  add(stock, ten("api", SegmentKind::Error));
  stock.resize(12);  // of error there are two
  CHECK(plan(stock, kRoom, retaining({.count = 8, .age = {}, .size = {}})) ==
        "api/out1 count; api/out2 count; ");
  CHECK(plan(stock, kRoom, retaining({.count = 0, .age = {}, .size = {}}))
            .ends_with("api/out10 count; api/err1 count; api/err2 count; "));
  CHECK(plan(stock, kRoom,
             retaining({.count = {}, .age = 24h * 8, .size = {}})) ==
        "api/out1 age; api/err1 age; ");
  CHECK(plan(stock, kRoom, retaining({.count = {}, .age = {}, .size = 79})) ==
        "api/out1 size; api/out2 size; api/out3 size; ");
  CHECK(
      plan(stock, kRoom, retaining({.count = 9, .age = 24h * 7, .size = 70})) ==
      "api/out1 count; api/out2 age; api/out3 size; api/err1 age; "
      "api/err2 age; ");
}

TEST_CASE("the cap takes the oldest of the app furthest over its share") {
  auto stock = ten("big");
  add(stock, ten("small"));
  stock.erase(stock.begin() + 13, stock.end());  // small has 30 bytes
  CHECK(plan(stock, {130, 0}, facts()).empty());
  CHECK(plan(stock, {129, 0}, facts()) == "big/out1 cap; ");
  CHECK(plan(stock, {100, 0}, facts()) ==
        "big/out1 cap; big/out2 cap; big/out3 cap; ");
  // Equal: both in turn.
  CHECK(plan(stock, {40, 0}, facts()) ==
        "big/out1 cap; big/out2 cap; big/out3 cap; big/out4 cap; big/out5 cap; "
        "big/out6 cap; big/out7 cap; big/out8 cap; small/out1 cap; ");
}

TEST_CASE("names that look alike keep their own") {
  std::vector<Stored> stock;
  for (const char* const app : {"api", "my-api", "api-1", "api-out"})
    stock.push_back(stored(app, 1, 5, 10));
  add(stock, ten("api-1"));
  for (const auto& removal : rotate::plan_retention(stock, {60, 0}, facts()))
    CHECK(removal.file.app == "api-1");
}

TEST_CASE("streams of an app are compared by age") {
  std::vector<Stored> stock = {stored("api", 7, 1, 10), stored("api", 8, 0, 10),
                               stored("api", 1, 3, 10, SegmentKind::Error),
                               stored("api", 2, 2, 10, SegmentKind::Error)};
  CHECK(plan(stock, {10, 0}, facts()) ==
        "api/err1 cap; api/err2 cap; api/out7 cap; ");
}

TEST_CASE("live files count and never go") {
  Facts busy = facts();
  busy.live = 50;
  busy.live_of = [](const std::string& app) {
    return app == "busy" ? uint64_t{40} : uint64_t{0};
  };
  std::vector<Stored> stock = {stored("busy", 1, 1, 10),
                               stored("calm", 1, 9, 30)};
  CHECK(plan(stock, {90, 0}, busy).empty());
  // Takes 50, calm takes 30.
  CHECK(plan(stock, {85, 0}, busy) == "busy/out1 cap; ");
  CHECK(plan(stock, {10, 0}, busy) == "busy/out1 cap; calm/out1 cap; ");
}

TEST_CASE("room is made until enough is free") {
  Facts tight = facts();
  tight.free = 100;
  CHECK(plan(ten("api"), {1000, 100}, tight).empty());
  CHECK(plan(ten("api"), {1000, 120}, tight) ==
        "api/out1 free; api/out2 free; ");
  // What went for another reason made room too.
  tight.retain = [](const std::string&) { return Retain{9, {}, {}}; };
  CHECK(plan(ten("api"), {80, 120}, tight) == "api/out1 count; api/out2 cap; ");
}

TEST_CASE("what waits to be shipped goes for the cap alone, and last") {
  Facts shipping = facts();
  shipping.unshipped = [](const Stored& file) {
    return file.app == "api" && file.sequence != 3 && file.sequence != 5;
  };
  shipping.retain = [](const std::string&) {
    return Retain{7, 24h * 5, uint64_t{40}};
  };
  CHECK(plan(ten("api"), kRoom, shipping) == "api/out3 count; api/out5 size; ");
  shipping.retain = {};
  shipping.free = 0;
  CHECK(plan(ten("api"), {1000, 1000}, shipping) ==
        "api/out3 free; api/out5 free; ");
  CHECK(plan(ten("api"), {70, 0}, shipping) ==
        "api/out3 cap; api/out5 cap; api/out1 cap unshipped; ");
  // Another app's files are shipped, but it is not the one that takes most.
  auto stock = ten("api");
  stock.push_back(stored("web", 1, 9, 10));
  CHECK(plan(stock, {80, 0}, shipping) ==
        "api/out3 cap; api/out5 cap; api/out1 cap unshipped; ");
}

TEST_CASE(
    "what is left of a deleted app expires, and goes first among equals") {
  auto stock = ten("old");
  for (auto& file : stock) {
    file.gone = true;
    file.deleted = days_ago(29);
  }
  add(stock, ten("api"));
  CHECK(plan(stock, kRoom, facts()).empty());
  CHECK(plan(stock, {190, 0}, facts()) == "old/out1 cap; ");
  CHECK(plan(stock, {180, 0}, facts()) == "old/out1 cap; api/out1 cap; ");
  Facts later = facts();
  later.now.us += 2 * kDay;
  CHECK(rotate::plan_retention(stock, kRoom, later).size() == 10);
  later.gone_age = 24h * 32;
  CHECK(plan(stock, kRoom, later).empty());
  // Deleted in the future: by a clock that was wrong.
  for (auto& file : stock)
    if (file.gone) file.deleted = days_ago(-300);
  later.gone_age = 24h * 30;
  CHECK(plan(stock, kRoom, later).empty());
}

TEST_CASE("a clock that was or is wrong deletes nothing early") {
  const auto by_age = retaining({.count = {}, .age = 24h * 30, .size = {}});
  SUBCASE("a file of 1970 is no older than its neighbours") {
    auto stock = ten("api");
    for (const size_t at : {0, 4}) {
      stock[at].first = {0};
      stock[at].last = base::Timestamp{kSecond};
    }
    CHECK(plan(stock, kRoom, by_age).empty());
    // And goes with them.
    Facts later = by_age;
    later.now.us += 30 * kDay - 7 * kDay;
    CHECK(plan(stock, kRoom, later) == "api/out1 age; api/out2 age; ");
  }
  SUBCASE("the newest file is of 1970: it has no age") {
    auto stock = ten("api");
    stock[9].first = {0};
    stock[9].last = base::Timestamp{kSecond};
    Facts later = by_age;
    later.now.us += 500 * kDay;
    CHECK(rotate::plan_retention(stock, kRoom, later).size() == 9);
  }
  SUBCASE("named in 1970, written until now") {
    auto stock = ten("api");
    stock[0].first = {0};
    CHECK(plan(stock, kRoom, by_age).empty());
  }
  SUBCASE("a file of next year ages as the one after it") {
    auto stock = ten("api");
    stock[0].last = days_ago(-300);
    CHECK(plan(stock, kRoom, by_age).empty());
    Facts later = by_age;
    later.now.us += (30 - 7) * kDay;
    CHECK(plan(stock, kRoom, later) == "api/out1 age; api/out2 age; ");
  }
  SUBCASE("the newest file is of next year: the stream has no age") {
    auto stock = ten("api");
    stock[9].last = days_ago(-300);
    Facts later = by_age;
    later.now.us += 200 * kDay;
    CHECK(plan(stock, kRoom, later).empty());
  }
  SUBCASE("it is 1970 now") {
    Facts reset = by_age;
    reset.now = {0};
    CHECK(plan(ten("api"), kRoom, reset).empty());
  }
  SUBCASE("the clock was stepped a moment ago") {
    Facts jumped = by_age;
    jumped.now.us += 365 * kDay;
    CHECK(rotate::plan_retention(ten("api"), kRoom, jumped).size() == 10);
    jumped.clock_is_right = false;
    CHECK(plan(ten("api"), kRoom, jumped).empty());
  }
  SUBCASE("for the cap, numbers tell the order") {
    auto stock = ten("api");
    stock[9].first = {0};
    stock[9].last = base::Timestamp{0};
    stock[0].last = days_ago(-300);
    CHECK(plan(stock, {80, 0}, facts()) == "api/out1 cap; api/out2 cap; ");
  }
}

TEST_CASE("shares fill up like water") {
  using List = std::vector<uint64_t>;
  CHECK(rotate::fill_level(100, List{}) == UINT64_MAX);
  CHECK(rotate::fill_level(100, List{50, 50}) == UINT64_MAX);
  CHECK(rotate::fill_level(100, List{80, 90}) == 50);
  CHECK(rotate::fill_level(100, List{10, 91}) == 90);
  CHECK(rotate::fill_level(100, List{10, 95, 200}) == 45);
  CHECK(rotate::fill_level(0, List{1}) == 0);
  CHECK(rotate::room_for(100, 30, 20) == 90);
  CHECK(rotate::room_for(100, 300, 20) == 0);
  CHECK(rotate::room_for(100, 20, 30) == 100);
}

// --- against an oracle -------------------------------------------------------

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
  made.facts = facts();
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

TEST_CASE("a hundred thousand files are planned in one go") {
  std::vector<Stored> stock;
  for (int app = 0; app < 100; ++app)
    for (uint64_t i = 1; i <= 1000; ++i)
      stock.push_back(stored("app-" + std::to_string(app), i,
                             static_cast<int64_t>(1000 - i),
                             static_cast<uint64_t>(1 + app)));
  CHECK(rotate::plan_retention(stock, {1'000'000, 0}, facts()).size() > 50'000);
}

// --- explained ---------------------------------------------------------------

TEST_CASE("what goes next is explained, due or not") {
  auto stock = ten("api");
  add(stock, ten("calm"));
  stock.resize(12);  // calm has two
  Facts all = retaining({.count = 20, .age = 24h * 30, .size = {}});
  all.live = 30;
  all.live_of = [](const std::string& app) {
    return app == "api" ? uint64_t{20} : uint64_t{0};
  };
  all.unshipped = [](const Stored& file) {
    return file.app == "calm" && file.sequence == 1;
  };
  auto outlook = rotate::explain_retention(stock, {200, 5}, all);
  CHECK(outlook.used == 150);
  REQUIRE(outlook.apps.size() == 2);
  const auto& api = outlook.apps[0];
  CHECK(api.app == "api");
  CHECK(api.files == 10);
  CHECK(api.stored == 100);
  CHECK(api.live == 20);
  CHECK(api.share == 170);  // 200, less 10 of nobody's, less 20 of calm's
  CHECK(api.oldest == days_ago(10));
  REQUIRE(api.next);
  CHECK_FALSE(api.next->now);
  CHECK(api.next->why == rotate::Removal::Why::Age);
  CHECK(api.next->reason == "in 21d00h: then it is 30d old");
  const auto& calm = outlook.apps[1];
  CHECK(calm.share == 95);
  CHECK(calm.unshipped == 10);
  REQUIRE(calm.next);
  CHECK(calm.next->file.sequence == 2);
  outlook = rotate::explain_retention(stock, {140, 5}, all);
  REQUIRE(outlook.apps[0].next);
  CHECK(outlook.apps[0].next->now);
  CHECK(outlook.apps[0].next->why == rotate::Removal::Why::Cap);
  CHECK(outlook.apps[0].next->file.sequence == 1);
  outlook = rotate::explain_retention(
      stock, {1000, 5}, retaining({.count = 10, .age = {}, .size = {}}));
  CHECK(outlook.apps[0].next->reason ==
        "when one more of out is sealed: 10 are kept");
  CHECK(outlook.apps[1].next->why == rotate::Removal::Why::Cap);
}
