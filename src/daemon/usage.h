#pragma once
// CPU and memory of every app's tree, looked at once a second and when somebody
// asks for one that is new. Lives on the control loop.

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "supervisor/supervisor.h"
#include "supervisor/tree_meter.h"

namespace daemon_ {

class Usage {
 public:
  // `keeper`: its pid, 0 when apps may have lost theirs.
  Usage(base::EventLoop& loop, const base::Clock& clock,
        const supervisor::Supervisor& supervisor, std::string home_id,
        std::function<int()> keeper);

  void begin();  // looks from now on
  // All zero for what does not run.
  supervisor::TreeMeter::Use of(const supervisor::Instance& instance);

 private:
  void look();

  const base::Clock& clock_;
  const supervisor::Supervisor& supervisor_;
  std::function<int()> keeper_;
  supervisor::TreeMeter meter_;
  base::MonoTime looked_;
  base::Timer timer_;
};

}  // namespace daemon_
