#pragma once
// What single looks at an app's health come to. Pure: chance is an argument.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/app_spec.h"

namespace supervisor {

enum class Health {
  Unknown,    // never looked at, or not ready yet
  Healthy,    // the last look was good
  Failing,    // it was not, but there were fewer than `retries` in a row
  Unhealthy,  // there were as many
};
std::string_view health_name(Health health);  // "" for Unknown

struct HealthRecord {
  Health health = Health::Unknown;
  int failures = 0;  // in a row
  std::string why;   // of the last failure
  bool operator==(const HealthRecord&) const = default;
};

enum class HealthNews { None, BecameHealthy, BecameUnhealthy };

// Notes the result of a look. Until the app has been ready, failures are those
// of its start, which has a limit of its own: they count for nothing.
HealthNews note(HealthRecord& record, const config::HealthSettings& settings,
                bool was_ready, const base::Status& result);

// How long until the next look: soon and then more and more slowly while it
// starts; after that the interval with 10 % of jitter, the first one anywhere
// in it, so that apps that started together are not looked at together.
// `looks` so far in this phase.
std::chrono::milliseconds next_look(const config::HealthSettings& settings,
                                    bool was_ready, int looks, double chance);

}  // namespace supervisor
