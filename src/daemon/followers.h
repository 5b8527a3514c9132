#pragma once
// Waits for those who follow the logs, that lines which are about to be deleted
// reach them (store/epoch.h): until all have open what there is, or for a
// second; one that is stopped is waited for once. Lives on the control loop.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "store/epoch.h"

namespace daemon_ {

class Followers {
 public:
  // `opened`: what is older than that has been opened by all who follow, or
  // need not be.
  using Done = std::function<void(base::MonoTime opened)>;

  Followers(base::EventLoop& loop, const base::Clock& clock,
            std::string log_dir);

  // Calls back at once when nobody follows.
  void wait(Done done);

 private:
  void begin();
  void look();
  void end(base::MonoTime opened);

  const base::Clock& clock_;
  std::string log_dir_;
  base::Timer timer_;
  base::MonoTime begun_;
  std::optional<store::GracePeriod> period_;  // under way
  std::vector<Done> present_;                 // who wait for its end
  std::vector<Done> next_;                    // ... for that of another
};

}  // namespace daemon_
