#pragma once
// The life of an instance as a state x event table. Pure and complete: every
// event in every state has its entry, most of them "nothing".
//
// Shown to users are PM2's words; Restarting and Failing show as `stopping`,
// Starting as `launching`, Held as `waiting`.

#include <cstdint>
#include <string_view>

namespace supervisor {

enum class State : uint8_t {
  Stopped,
  Launching,  // asked of the keeper, no pid yet
  Starting,   // it has a pid, but is not ready
  Online,
  Stopping,    // told to end, to stay down
  Restarting,  // told to end, to be started again
  Failing,     // told to end because it is not fit; the policy says what next
  Waiting,     // ended; will be started after a delay
  Errored,     // ended; given up for now
  Held,        // wanted, but what it depends on is not there yet
};
inline constexpr size_t kStates = 10;

enum class Event : uint8_t {
  Start,       // somebody wants it up
  Stop,        // somebody wants it down
  Restart,     // somebody wants it anew
  Hold,        // somebody wants it up, after others
  Spawned,     // it has a pid
  Ready,       // it is what it was to be
  Unfit,       // not ready in time, or not healthy any more
  Retry,       // it ended by itself or was unfit; the policy says: now
  RetryLater,  // ... after a delay
  GiveUp,      // ... not any more
  StayDown,    // ... as it should
  Gone,        // after Stop or Restart: process and tree have ended
  Due,         // the delay of Waiting or Errored is over; Held may start
};
inline constexpr size_t kEvents = 13;

enum class Action : uint8_t {
  None,
  Launch,     // ask the keeper for a process
  Terminate,  // end the tree, by force after kill_timeout
  Delay,      // arm the timer that brings Due
  Settle,     // it is down for good: forget timers, tell who waits
  Hold,       // forget timers; whoever knows the others will bring Due
};

struct Step {
  State next;
  Action action;
};

Step step(State state, Event event);
std::string_view status_name(State state);

}  // namespace supervisor
