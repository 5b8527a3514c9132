// What looks at an app's health come to, and when the next one is due.
#include "supervisor/health.h"

#include <doctest/doctest.h>

using std::chrono::milliseconds;
using supervisor::Health;
using supervisor::HealthNews;
using supervisor::HealthRecord;
using supervisor::next_look;
using supervisor::note;

namespace {

const config::HealthSettings kSettings;  // 3 retries, every 10 s

base::Status failed(const std::string& why) {
  return base::fail(base::Errc::Unavailable, why);
}

}  // namespace

TEST_CASE("unhealthy after so many failures in a row, told once") {
  HealthRecord record;
  CHECK(note(record, kSettings, true, {}) == HealthNews::BecameHealthy);
  CHECK(note(record, kSettings, true, failed("a")) == HealthNews::None);
  CHECK(record.health == Health::Failing);
  CHECK(note(record, kSettings, true, failed("b")) == HealthNews::None);
  CHECK(note(record, kSettings, true, failed("c")) ==
        HealthNews::BecameUnhealthy);
  CHECK(record.why == "c");
  CHECK(note(record, kSettings, true, failed("d")) == HealthNews::None);
  CHECK(record.health == Health::Unhealthy);
  CHECK(note(record, kSettings, true, {}) == HealthNews::BecameHealthy);
  CHECK(record == HealthRecord{Health::Healthy, 0, ""});
}

TEST_CASE("one good look forgives the failures before it") {
  HealthRecord record;
  for (int i = 0; i < 10; ++i) {
    CHECK(note(record, kSettings, true, failed("x")) !=
          HealthNews::BecameUnhealthy);
    CHECK(note(record, kSettings, true, failed("x")) !=
          HealthNews::BecameUnhealthy);
    (void)note(record, kSettings, true, {});
  }
}

TEST_CASE("failures while it starts count for nothing, but their why is kept") {
  HealthRecord record;
  for (int i = 0; i < 100; ++i)
    CHECK(note(record, kSettings, false, failed("refused")) ==
          HealthNews::None);
  CHECK(record.health == Health::Unknown);
  CHECK(record.failures == 0);
  CHECK(record.why == "refused");
  CHECK(note(record, kSettings, false, {}) == HealthNews::BecameHealthy);
}

TEST_CASE("retries 1: the first failure is enough") {
  HealthRecord record{Health::Healthy, 0, ""};
  config::HealthSettings settings;
  settings.retries = 1;
  CHECK(note(record, settings, true, failed("x")) ==
        HealthNews::BecameUnhealthy);
}

TEST_CASE("a start is looked at often, and never less than the interval says") {
  CHECK(next_look(kSettings, false, 0, 0.5) == milliseconds{100});
  CHECK(next_look(kSettings, false, 1, 0.5) == milliseconds{150});
  CHECK(next_look(kSettings, false, 1000, 0.5) == milliseconds{2000});
  config::HealthSettings quick;
  quick.interval = milliseconds{50};
  CHECK(next_look(quick, false, 0, 0.5) == milliseconds{50});
}

TEST_CASE("apps that started together are not looked at together") {
  CHECK(next_look(kSettings, true, 0, 0.25) == milliseconds{2500});
  CHECK(next_look(kSettings, true, 0, 0.0) == milliseconds{10});
  CHECK(next_look(kSettings, true, 1, 0.0) == milliseconds{9000});
  CHECK(next_look(kSettings, true, 9, 0.5) == milliseconds{10'000});
}
