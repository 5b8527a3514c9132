#pragma once
// How the supervisor has an app's health looked at. Implemented by the daemon:
// who connects to what, and how a command is run, is not known here.

#include <functional>
#include <memory>

#include "base/result.h"
#include "config/app_spec.h"
#include "supervisor/life.h"

namespace supervisor {

// One look under way. Going away calls it off.
class Look {
 public:
  virtual ~Look() = default;
};

class Prober {
 public:
  virtual ~Prober() = default;
  // Looks once, by what `spec.health` says; it has a check. `done` comes once,
  // on the loop, never from within the call, and may destroy the look; an error
  // says why the app is not healthy.
  virtual std::unique_ptr<Look> look(
      const Life& life, const config::AppSpec& spec,
      std::function<void(base::Status)> done) = 0;
};

}  // namespace supervisor
