#pragma once
// The life of an instance as a state x event table. Pure and complete: every
// event in every state has its entry, most of them "nothing".
//
// Shown to users are PM2's words; Restarting shows as `stopping`.

#include <cstdint>
#include <string_view>

namespace supervisor {

enum class State : uint8_t {
  Stopped,
  Launching,  // asked of the keeper, no pid yet
  Online,
  Stopping,    // told to end, to stay down
  Restarting,  // told to end, to be started again
  Waiting,     // ended; will be started after a delay
  Errored,     // ended; given up for now
};
inline constexpr size_t kStates = 7;

enum class Event : uint8_t {
  Start,       // somebody wants it up
  Stop,        // somebody wants it down
  Restart,     // somebody wants it anew
  Spawned,     // it has a pid
  Retry,       // it ended by itself; the policy says: now
  RetryLater,  // ... after a delay
  GiveUp,      // ... not any more
  StayDown,    // ... as it should
  Gone,        // after Stop or Restart: process and tree have ended
  Due,         // the delay of Waiting or Errored is over
};
inline constexpr size_t kEvents = 10;

enum class Action : uint8_t {
  None,
  Launch,     // ask the keeper for a process
  Terminate,  // end the tree, by force after kill_timeout
  Delay,      // arm the timer that brings Due
  Settle,     // it is down for good: forget timers, tell who waits
};

struct Step {
  State next;
  Action action;
};

Step step(State state, Event event);
std::string_view status_name(State state);

}  // namespace supervisor
