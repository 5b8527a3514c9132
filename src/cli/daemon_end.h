#pragma once
// The end of keeper and daemon, which comes a moment after the daemon's last
// answer: until then they hold the home. Blocking.

#include <vector>

#include "base/clock.h"
#include "base/home.h"
#include "base/unique_fd.h"

namespace cli {

class DaemonEnd {
 public:
  // Remembers who serves this home now.
  explicit DaemonEnd(const base::Home& home);

  // Whether there was anyone.
  bool expected() const { return !processes_.empty(); }
  // Waits for it as long as that daemon still answers, being busy stopping
  // apps, and 10 s more. False when they stay, or another daemon came.
  bool wait() const;

 private:
  enum class Sign { None, OldDaemon, NewDaemon };
  Sign ask_for_sign() const;

  const base::Home& home_;
  base::MonoTime began_;
  std::vector<base::UniqueFd> processes_;  // pidfds
};

}  // namespace cli
