#include "base/zone.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <time.h>

#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/zone_rule.h"
#include "support/sanitized.h"

namespace {

using base::Timestamp;
using base::TimeZone;
using Kind = TimeZone::Instants::Kind;

constexpr int64_t kSecond = 1'000'000;

// This process's zone, until the end of the test.
class EnvZone {
 public:
  explicit EnvZone(const char* name) {
    if (const char* const was = ::getenv("TZ")) was_ = was;
    set(name);
  }
  ~EnvZone() { set(was_ ? was_->c_str() : nullptr); }

 private:
  static void set(const char* name) {
    if (name == nullptr)
      ::unsetenv("TZ");
    else
      ::setenv("TZ", name, 1);
    ::tzset();
  }
  std::optional<std::string> was_;
};

bool has_zones() {
  if (base::fs::exists("/usr/share/zoneinfo/Europe/Rome")) return true;
  MESSAGE("skipped: this system has no time zones");
  return false;
}

const std::vector<const char*> kZones = {"Europe/Rome",
                                         "Europe/London",
                                         "Europe/Dublin",
                                         "Europe/Moscow",
                                         "Europe/Lisbon",
                                         "America/New_York",
                                         "America/Sao_Paulo",
                                         "America/St_Johns",
                                         "America/Havana",
                                         "America/Asuncion",
                                         "America/Santiago",
                                         "America/Nuuk",
                                         "America/Caracas",
                                         "Asia/Tehran",
                                         "Asia/Gaza",
                                         "Asia/Kathmandu",
                                         "Asia/Kolkata",
                                         "Asia/Beirut",
                                         "Asia/Tokyo",
                                         "Asia/Pyongyang",
                                         "Asia/Manila",
                                         "Australia/Lord_Howe",
                                         "Australia/Adelaide",
                                         "Pacific/Apia",
                                         "Pacific/Chatham",
                                         "Pacific/Kwajalein",
                                         "Africa/Casablanca",
                                         "Africa/Cairo",
                                         "Africa/Monrovia",
                                         "Antarctica/Troll",
                                         "Etc/GMT+5",
                                         "EST5EDT",
                                         "UTC"};

void check_as_libc(const TimeZone& zone, int64_t seconds) {
  const time_t time = seconds;
  tm expected{};
  REQUIRE(::localtime_r(&time, &expected) != nullptr);
  const auto offset = zone.offset_at({seconds * kSecond});
  if (offset.seconds == expected.tm_gmtoff &&
      offset.abbreviation == expected.tm_zone)
    return;
  CAPTURE(zone.name());
  CAPTURE(seconds);
  CHECK(offset.seconds == expected.tm_gmtoff);
  CHECK(offset.abbreviation == expected.tm_zone);
}

// All instants at which the clock shows `wall`, found by trying the offsets
// that there are around it.
std::set<int64_t> instants_by_trying(const TimeZone& zone, int64_t wall) {
  std::set<int64_t> found;
  for (int64_t at = wall - 100'000; at <= wall + 100'000; at += 900) {
    const int64_t guess = wall - zone.offset_at({at * kSecond}).seconds;
    if (zone.wall_at({guess * kSecond}) == wall) found.insert(guess);
  }
  return found;
}

int64_t wall(int year, int month, int day, int hour, int minute) {
  tm t{};
  t.tm_year = year - 1900;
  t.tm_mon = month - 1;
  t.tm_mday = day;
  t.tm_hour = hour;
  t.tm_min = minute;
  return ::timegm(&t);
}

}  // namespace

TEST_CASE("zones say what the C library says, in any year") {
  if (!has_zones()) return;
  std::mt19937_64 random(1);
  const int rounds = support::kSanitized ? 300 : 3000;
  for (const char* const name : kZones) {
    const EnvZone env(name);
    const auto zone = TimeZone::load(name);
    REQUIRE_MESSAGE(zone, name);
    // 1883 to 2450, half of them from 1970 to 2050.
    std::uniform_int_distribution<int64_t> far(-2'740'000'000, 15'147'000'000);
    std::uniform_int_distribution<int64_t> near(0, 2'540'000'000);
    for (int i = 0; i < rounds; ++i) {
      check_as_libc(*zone, far(random));
      check_as_libc(*zone, near(random));
    }
    // Around each change, to the second.
    int changes = 0;
    for (auto at = zone->next_change({-2'740'000'000 * kSecond});
         at && at->us < 6'000'000'000 * kSecond && changes < 2000;
         at = zone->next_change(*at), ++changes)
      for (const int64_t step : {-1, 0, 1})
        check_as_libc(*zone, at->us / kSecond + step);
  }
}

TEST_CASE("changes are found both ways, and each is one") {
  if (!has_zones()) return;
  for (const char* const name : {"Europe/Rome", "Africa/Casablanca", "UTC"}) {
    const auto zone = TimeZone::load(name);
    REQUIRE(zone);
    std::vector<Timestamp> forward;
    for (auto at = zone->next_change({0});
         at && at->us < 4'000'000'000 * kSecond; at = zone->next_change(*at))
      forward.push_back(*at);
    CHECK((std::string(name) == "UTC") == forward.empty());
    std::vector<Timestamp> backward;
    for (auto at = zone->last_change({4'000'000'000 * kSecond - 1});
         at && at->us > 0; at = zone->last_change({at->us - 1}))
      backward.insert(backward.begin(), *at);
    CHECK(forward == backward);
  }
}

TEST_CASE("a wall clock's time is skipped, shown once or shown twice") {
  if (!has_zones()) return;
  const auto rome = TimeZone::load("Europe/Rome");
  REQUIRE(rome);
  const auto once = rome->instants_of(wall(2026, 11, 24, 10, 0));
  CHECK(once.kind == Kind::Once);
  CHECK(once.first.us == wall(2026, 11, 24, 9, 0) * kSecond);
  CHECK(once.second == once.first);
  const auto skipped = rome->instants_of(wall(2026, 3, 29, 2, 30));
  CHECK(skipped.kind == Kind::Skipped);
  CHECK(skipped.first.us == wall(2026, 3, 29, 1, 0) * kSecond);
  CHECK(skipped.second == skipped.first);
  const auto twice = rome->instants_of(wall(2026, 10, 25, 2, 30));
  CHECK(twice.kind == Kind::Twice);
  CHECK(twice.first.us == wall(2026, 10, 25, 0, 30) * kSecond);
  CHECK(twice.second.us == wall(2026, 10, 25, 1, 30) * kSecond);
  // The borders: the first minute that is missing, and the first after it.
  CHECK(rome->instants_of(wall(2026, 3, 29, 2, 0)).kind == Kind::Skipped);
  CHECK(rome->instants_of(wall(2026, 3, 29, 3, 0)).kind == Kind::Once);
  CHECK(rome->instants_of(wall(2026, 10, 25, 2, 0)).kind == Kind::Twice);
  CHECK(rome->instants_of(wall(2026, 10, 25, 3, 0)).kind == Kind::Once);
  // A whole day that never was.
  const auto apia = TimeZone::load("Pacific/Apia");
  CHECK(apia->instants_of(wall(2011, 12, 30, 12, 0)).kind == Kind::Skipped);
}

TEST_CASE("wall clocks around every change, against trying all offsets") {
  if (!has_zones()) return;
  std::mt19937_64 random(2);
  std::uniform_int_distribution<int64_t> around(-10'000, 10'000);
  const int rounds = support::kSanitized ? 1 : 6;
  for (const char* const name : kZones) {
    const auto zone = TimeZone::load(name);
    REQUIRE(zone);
    int changes = 0;
    for (auto at = zone->next_change({0}); at && changes < 120;
         at = zone->next_change(*at), ++changes)
      for (int i = 0; i < rounds; ++i) {
        const int64_t shown = zone->wall_at(*at) + around(random);
        const auto found = zone->instants_of(shown);
        const auto expected = instants_by_trying(*zone, shown);
        CAPTURE(name);
        CAPTURE(shown);
        REQUIRE(expected.size() <= 2);
        if (expected.empty()) {
          REQUIRE(found.kind == Kind::Skipped);
          continue;
        }
        REQUIRE(found.first.us == *expected.begin() * kSecond);
        REQUIRE(found.second.us == *expected.rbegin() * kSecond);
        REQUIRE((found.kind == Kind::Twice) == (expected.size() == 2));
      }
  }
}

TEST_CASE("names that are no zones, and names that lead elsewhere") {
  for (const char* const name :
       {"Europe/Atlantis", "Rome", "America", "zone.tab\n"}) {
    CAPTURE(name);
    const auto zone = TimeZone::load(name);
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == base::Errc::NotFound);
    CHECK_FALSE(zone.error().hint.empty());
  }
  for (const char* const name :
       {"/etc/localtime", "../zoneinfo/UTC", "Europe/../UTC", "Europe//Rome",
        "Europe/", "./UTC"}) {
    CAPTURE(name);
    const auto zone = TimeZone::load(name);
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == base::Errc::Invalid);
  }
  CHECK(TimeZone::load("UTC"));
}

TEST_CASE("the zone of this process is that of TZ") {
  const auto offset_in = [](const char* tz) {
    const EnvZone env(tz);
    const auto zone = TimeZone::load("");
    REQUIRE(zone);
    CHECK(TimeZone::load("local")->name() == zone->name());
    const auto offset = zone->offset_at({1'784'000'000 * kSecond});  // July
    check_as_libc(*zone, 1'784'000'000);
    return std::to_string(offset.seconds) + " " + offset.abbreviation;
  };
  CHECK(offset_in("CET-1CEST,M3.5.0,M10.5.0/3") == "7200 CEST");
  CHECK(offset_in("<-03>3") == "-10800 -03");
  CHECK(offset_in("") == "0 UTC");
  if (!has_zones()) return;
  CHECK(offset_in("Europe/Rome") == "7200 CEST");
  CHECK(offset_in(":Europe/Rome") == "7200 CEST");
  CHECK(offset_in("/usr/share/zoneinfo/Asia/Kolkata") == "19800 IST");
}

TEST_CASE("a zone's rule for ever after is read, or refused") {
  for (const char* const rule :
       {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,"
        "M4.1.0",
        "IST-1GMT0,M10.5.0,M3.5.0/1", "EST5EDT,0/0,J365/25",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EST5EDT"}) {
    CAPTURE(rule);
    CHECK(base::parse_zone_rule(rule));
  }
  for (const char* const rule :
       {"", "C", "CE-1", "CET", "CET-25", "CET-1CEST,", "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,366,J5",
        "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1", "CET-1CEST,M3.5.0/168,J5"}) {
    CAPTURE(rule);
    CHECK_FALSE(base::parse_zone_rule(rule));
  }
  // Summer time all year round.
  const auto rule = base::parse_zone_rule("XXX3EDT4,0/0,J365/23");
  REQUIRE(rule);
  for (int64_t at = 1'700'000'000; at < 1'800'000'000; at += 1'000'003)
    CHECK(rule->kind_at(at).abbreviation == "EDT");
}

TEST_CASE(
    "a damaged file of a zone is refused, wherever it is cut or changed") {
  if (!has_zones()) return;
  const auto bytes = base::fs::read_file("/usr/share/zoneinfo/Europe/Rome");
  REQUIRE(bytes);
  REQUIRE(TimeZone::parse(*bytes, "whole"));
  for (size_t size = 0; size < bytes->size(); ++size)
    CHECK_FALSE(TimeZone::parse(bytes->substr(0, size), "cut"));
  // Changed, it may be a zone still; it must not lead out of the bytes.
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string changed = *bytes;
    changed[random() % changed.size()] = static_cast<char>(random());
    const auto zone = TimeZone::parse(changed, "changed");
    if (!zone) continue;
    (void)zone->offset_at({1'795'256'100 * kSecond});
    (void)zone->instants_of(1'795'256'100);
  }
}
