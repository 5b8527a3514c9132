#include "rotate/retention.h"

#include <algorithm>

#include "rotate/shares.h"
#include "rotate/stocked.h"

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
