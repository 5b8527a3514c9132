#pragma once
// `cron_restart`: at due times what runs is restarted, and what rests (it has
// ended as it should, or was never started) is started. What somebody stopped
// stays stopped. Lives on the control loop.

#include <map>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/zone.h"
#include "config/restart_times.h"
#include "supervisor/supervisor.h"

namespace supervisor {

class CronRestarts {
 public:
  CronRestarts(base::EventLoop& loop, const base::Clock& clock,
               Supervisor& supervisor);

  // There are other apps, or other settings.
  void refresh();

 private:
  struct Due {
    std::string text;
    std::string zone_name;
    config::RestartTimes times;
    base::TimeZone zone;
    base::Timestamp next;
  };
  void tick();
  void arm();
  void restart(const App& app);
  static base::Result<Due> make_due(const config::KeepSettings& keep);

  const base::Clock& clock_;
  Supervisor& supervisor_;
  base::Timer timer_;
  std::map<std::string, Due> due_;  // by app
};

}  // namespace supervisor
