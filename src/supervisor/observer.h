#pragma once
// What the supervisor tells of: the daemon makes events, catalog entries and
// the app list of it. Called on the control loop.

#include <chrono>
#include <string>
#include <vector>

#include "config/app_spec.h"
#include "supervisor/life.h"
#include "supervisor/restart_policy.h"

namespace supervisor {

// Who wanted it.
struct Cause {
  std::string actor;    // user
  std::string command;  // "lodge restart api"
  // Of what nobody asked for: "cron 0 3 * * *", "watch: api.js changed".
  std::string why = {};
};

struct Happening {
  enum class Kind {
    Started,  // pid, reason ("restart", "crash", "boot")
    Ended,    // ending, reason
    Waiting,  // delay
    Errored,  // reason
    Stopping,
    Deleted,
    Adopted,    // pid
    Ready,      // pid, delay: how long it took
    Unhealthy,  // pid, reason
    Healthy,    // again; pid
    Changed,    // keys of its definition; about the whole app: the life is of
                // no instance (id and number -1)
  };
  Kind kind = Kind::Started;
  Life life = {};
  int pid = 0;
  Ending ending = {};
  std::chrono::milliseconds delay{0};
  std::string reason = {};
  Cause cause = {};
  bool told = false;       // Ended: somebody asked for it
  int restarts_left = -1;  // Waiting, Started: unstable ones until errored
  std::vector<std::string> keys = {};  // "log.max_size", "env.PORT"
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_happening(const Happening& happening) = 0;
  // The app list is no longer what was written.
  virtual void on_list_changed() = 0;
  // An instance is Held, and what it depends on will not come by itself.
  virtual void on_barred() {}
};

}  // namespace supervisor
