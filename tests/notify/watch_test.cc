#include "notify/watch.h"

#include <doctest/doctest.h>

namespace notify {
namespace {

constexpr int64_t kSecond = 1'000'000;

base::Timestamp at(int64_t seconds) {
  return base::Timestamp{1'795'256'100 * kSecond + seconds * kSecond};
}

config::NotifyRule rule_of(int count, int window_s, int quiet_s) {
  config::NotifyRule rule;
  rule.on = "match";
  rule.match = "x";
  rule.over = {count, std::chrono::seconds(window_s)};
  rule.quiet = std::chrono::seconds(quiet_s);
  return rule;
}

std::optional<Firing> line(Watch& watch, int64_t stamp, int64_t now) {
  return watch.saw({at(stamp), 1, store::Stream::Out, "text"}, at(now));
}

}  // namespace

TEST_CASE("five within a minute is five within a minute, by their stamps") {
  Watch watch(rule_of(5, 60, 600));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(line(watch, i * 20, 0).has_value());
  CHECK_FALSE(line(watch, 80, 0).has_value());  // 0 to 80: too slow
  CHECK_FALSE(line(watch, 81, 0).has_value());
  const auto firing = line(watch, 82, 0);  // 40, 60, 80, 81, 82
  CHECK(firing.has_value());
}

TEST_CASE("it fires once in its quiet time, and then says how many it kept") {
  Watch watch(rule_of(1, 60, 10));
  const auto first = line(watch, 0, 100);
  REQUIRE(first.has_value());
  CHECK(first->instance == 1);
  CHECK(first->lines.size() == 1);
  for (int i = 0; i < 7; ++i) CHECK_FALSE(line(watch, i, 109).has_value());
  const auto second = line(watch, 20, 110);
  REQUIRE(second.has_value());
  CHECK(second->suppressed == 7);
  CHECK_FALSE(line(watch, 21, 111).has_value());
}

TEST_CASE("what an earlier process fired is quiet here too") {
  Watch watch(rule_of(1, 60, 10));
  watch.fired_at(at(100));
  CHECK_FALSE(line(watch, 101, 101).has_value());
  CHECK(line(watch, 111, 111).has_value());
}

TEST_CASE("a clock that was set back silences no longer than quiet is") {
  Watch watch(rule_of(1, 60, 10));
  watch.fired_at(at(5000));
  CHECK(line(watch, 100, 100).has_value());
}

TEST_CASE("the last lines are kept, short ones, and few") {
  Watch watch(rule_of(100, 60, 10));
  const std::string longest(100'000, 'x');
  std::optional<Firing> firing;
  for (int i = 0; i < 100; ++i)
    firing = watch.saw({at(0), 0, {}, longest}, at(0));
  REQUIRE(firing.has_value());
  CHECK(firing->count == 100);
  CHECK(firing->lines.size() == Watch::kMostLines);
  CHECK(firing->lines.back().text.size() == Watch::kLongestLine);
}

TEST_CASE("which occasions an event is") {
  using Words = std::vector<std::string_view>;
  store::Event event;
  event.kind = store::EventKind::Exit;
  event.ended_by = "itself";
  CHECK(occasions_of(event) == Words{"exited", "restart_loop"});
  event.oom = "likely";
  CHECK(occasions_of(event) == Words{"exited", "restart_loop", "oom"});
  event.oom = "no";
  CHECK(occasions_of(event) == Words{"exited", "restart_loop"});
  event.ended_by = "asked";
  CHECK(occasions_of(event).empty());
  event.kind = store::EventKind::Errored;
  CHECK(occasions_of(event) == Words{"errored"});
  event.kind = store::EventKind::Drop;
  CHECK(occasions_of(event) == Words{"dropped"});
  event.kind = store::EventKind::DiskFull;
  CHECK(occasions_of(event) == Words{"disk_full"});
  event.kind = store::EventKind::Notify;  // never of itself
  CHECK(occasions_of(event).empty());
}

}  // namespace notify
