#include "supervisor/health_monitor.h"

namespace supervisor {

HealthMonitor::HealthMonitor(base::EventLoop& loop, Prober& prober,
                             std::function<double()> chance,
                             const config::AppSpec& spec, const Life& life,
                             std::function<void(HealthNews)> on_news)
    : prober_(prober),
      chance_(std::move(chance)),
      spec_(spec),
      life_(life),
      on_news_(std::move(on_news)),
      timer_(loop, [this] { look(); }) {}

void HealthMonitor::begin(bool was_ready) {
  was_ready_ = was_ready;
  wait();
}

void HealthMonitor::wait() {
  timer_.start(next_look(spec_.health, was_ready_, looks_, chance_()));
}

void HealthMonitor::look() {
  // Given another definition meanwhile: its restart is on the way.
  if (!spec_.health.any()) return;
  under_way_ = prober_.look(
      life_, spec_, [this](const base::Status& result) { looked(result); });
}

void HealthMonitor::looked(const base::Status& result) {
  ++looks_;
  const auto news = note(record_, spec_.health, was_ready_, result);
  if (!was_ready_ && record_.health == Health::Healthy) {
    was_ready_ = true;
    looks_ = 0;
  }
  wait();
  if (news == HealthNews::None) return;
  // Last, and by a copy: it may be the end of us.
  const auto tell = on_news_;
  tell(news);
}

}  // namespace supervisor
