#include "store/epoch.h"

#include <doctest/doctest.h>

#include <utility>

#include "base/fs.h"
#include "support/temp_dir.h"

using store::EpochHold;
using store::GracePeriod;

TEST_CASE("where nobody follows a grace period is over at once") {
  const support::TempDir dir;
  SUBCASE("no epoch yet") {}
  SUBCASE("one that nobody holds") {
    REQUIRE(store::make_epoch(dir.path()));
  }
  SUBCASE("one that is held no more") {
    REQUIRE(store::make_epoch(dir.path()));
    REQUIRE(EpochHold::join(dir.path()));
  }
  auto period = GracePeriod::begin(dir.path());
  REQUIRE(period);
  CHECK_FALSE(*period);
}

TEST_CASE("a grace period is over when all who followed then have gone on") {
  const support::TempDir dir;
  REQUIRE(store::make_epoch(dir.path()));
  auto one = EpochHold::join(dir.path());
  auto two = EpochHold::join(dir.path());
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->is_present());
  auto begun = GracePeriod::begin(dir.path());
  REQUIRE(begun);
  auto& period = *begun;
  REQUIRE(period);
  CHECK_FALSE(one->is_present());
  one = EpochHold::join(dir.path());
  CHECK(one->is_present());
  CHECK_FALSE(period->is_over());
  two.reset();  // it ended
  CHECK(period->is_over());
}

TEST_CASE("who came after its beginning, or never went on, is not waited for") {
  const support::TempDir dir;
  REQUIRE(store::make_epoch(dir.path()));
  const auto stuck = EpochHold::join(dir.path());
  auto begun = GracePeriod::begin(dir.path());
  REQUIRE(begun);
  auto& period = *begun;
  REQUIRE(period);
  CHECK_FALSE(period->is_over());
  const auto next = GracePeriod::begin(dir.path());
  REQUIRE(next);
  CHECK_FALSE(*next);
  auto later = EpochHold::join(dir.path());
  REQUIRE(later);
  CHECK_FALSE(period->is_over());
}

TEST_CASE(
    "without an epoch, or with something else there, nobody is waited for") {
  const support::TempDir dir;
  CHECK_FALSE(EpochHold::join(dir.path()));
  REQUIRE(base::fs::make_dir(dir.file(store::kEpochName)));
  const auto period = GracePeriod::begin(dir.path());
  CHECK((!period || !*period));
  CHECK_FALSE(GracePeriod::begin(dir.file("none")));
}

TEST_CASE("making the epoch leaves one that is there, and nothing beside it") {
  const support::TempDir dir;
  REQUIRE(store::make_epoch(dir.path()));
  const auto hold = EpochHold::join(dir.path());
  REQUIRE(hold);
  REQUIRE(store::make_epoch(dir.path()));
  CHECK(hold->is_present());
  auto period = GracePeriod::begin(dir.path());
  REQUIRE(period);
  const auto names = base::fs::list_dir(dir.path());
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{std::string(store::kEpochName)});
}
