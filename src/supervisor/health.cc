#include "supervisor/health.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace supervisor {
namespace {

using std::chrono::milliseconds;

constexpr double kFirstLook = 100;  // milliseconds, growing by half
constexpr double kSlowestAtStart = 2000;
constexpr double kShortest = 10;

}  // namespace

std::string_view health_name(Health health) {
  constexpr std::array<std::string_view, 4> kNames = {"", "healthy", "failing",
                                                      "unhealthy"};
  return kNames[static_cast<size_t>(health)];
}

HealthNews note(HealthRecord& record, const config::HealthSettings& settings,
                bool was_ready, const base::Status& result) {
  const bool was_unhealthy = record.health == Health::Unhealthy;
  const bool was_unknown = record.health == Health::Unknown;
  if (result) {
    record = {.health = Health::Healthy, .failures = 0, .why = {}};
    return was_unhealthy || was_unknown ? HealthNews::BecameHealthy
                                        : HealthNews::None;
  }
  record.why = result.error().message;
  if (!was_ready) return HealthNews::None;
  ++record.failures;
  if (record.failures < settings.retries) {
    if (!was_unhealthy) record.health = Health::Failing;
    return HealthNews::None;
  }
  record.health = Health::Unhealthy;
  return was_unhealthy ? HealthNews::None : HealthNews::BecameUnhealthy;
}

milliseconds next_look(const config::HealthSettings& settings, bool was_ready,
                       int looks, double chance) {
  const auto interval = static_cast<double>(settings.interval.count());
  double wait = 0;
  if (!was_ready)
    wait = std::min({kFirstLook * std::pow(1.5, std::min(looks, 30)),
                     kSlowestAtStart, interval});
  else if (looks == 0)
    wait = interval * chance;
  else
    wait = interval * (0.9 + 0.2 * chance);
  return milliseconds(static_cast<int64_t>(std::max(wait, kShortest)));
}

}  // namespace supervisor
