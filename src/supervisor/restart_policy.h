#pragma once
// What to do when an app's process has ended by itself: start it at once, start
// it later, give up, or leave it down. Pure: history and facts in, decision and
// history out; chance is an argument.
//
// The first restart comes at once (after restart_delay); the next ones back off
// from 100 ms by x1.5, with 10 % of jitter so that apps that failed together do
// not come back together, up to 30 s. A life of 30 s forgets it all. With
// `exp_backoff_restart_delay` that is the first delay, and grows alike; 0: no
// restart waits for longer than restart_delay.

#include <chrono>
#include <string>

#include "config/app_spec.h"

namespace supervisor {

// Kept per instance, over daemon restarts too.
struct RestartHistory {
  int attempts = 0;  // restarts since the app last ran for kForgetAfter
  int unstable = 0;  // restarts in a row after lives shorter than min_uptime

  bool operator==(const RestartHistory&) const = default;
};

struct Ending {
  bool started = true;  // false: exec itself failed
  int code = 0;
  int signal = 0;     // 0 = exited with `code`
  bool known = true;  // false: only that it ended is known
  std::chrono::milliseconds uptime{0};
  bool came_up = true;     // false: it was to become ready, and did not
  std::string unfit = {};  // why it was ended by us; how it ended then is no
                           // word of its own. Empty = it ended by itself
  bool core = false;       // it left a core dump
};

enum class Verdict {
  Retry,  // now
  RetryLater,
  GiveUp,    // errored; to be tried again after `delay`, unless that is 0
  StayDown,  // stopped: it was to end
  Failed,    // errored: not to be restarted, and it ended badly
};

struct Decision {
  Verdict verdict = Verdict::StayDown;
  std::chrono::milliseconds delay{0};
  RestartHistory history;
  std::string reason;  // for GiveUp and Failed, in words
};

inline constexpr std::chrono::milliseconds kForgetAfter{30'000};
inline constexpr std::chrono::milliseconds kBackoffFirst{100};
inline constexpr std::chrono::milliseconds kBackoffCap{30'000};

// `chance` in [0, 1).
Decision decide(const config::AppSpec& spec, const RestartHistory& history,
                const Ending& ending, double chance);

// "exited with code 1 after 0.1s", "killed by SIGKILL after 3h12m"
std::string describe_ending(const Ending& ending);

}  // namespace supervisor
