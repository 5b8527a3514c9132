#pragma once
// Has one life's health looked at again and again, one look at a time. Owned by
// its instance; lives on the control loop.

#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "supervisor/health.h"
#include "supervisor/prober.h"

namespace supervisor {

class HealthMonitor {
 public:
  // `on_news` is told what became of it, and may destroy the monitor.
  HealthMonitor(base::EventLoop& loop, Prober& prober,
                std::function<double()> chance, const config::AppSpec& spec,
                const Life& life, std::function<void(HealthNews)> on_news);

  // `was_ready`: the app has been, before it was taken over.
  void begin(bool was_ready);
  const HealthRecord& record() const { return record_; }

 private:
  void wait();
  void look();
  void looked(const base::Status& result);

  Prober& prober_;
  const std::function<double()> chance_;
  const config::AppSpec& spec_;
  const Life& life_;
  const std::function<void(HealthNews)> on_news_;
  HealthRecord record_;
  bool was_ready_ = false;
  int looks_ = 0;  // in this phase
  base::Timer timer_;
  std::unique_ptr<Look> under_way_;
};

}  // namespace supervisor
