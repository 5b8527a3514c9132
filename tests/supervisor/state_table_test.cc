#include "supervisor/state_table.h"

#include <doctest/doctest.h>

#include <vector>

using supervisor::Action;
using supervisor::Event;
using supervisor::State;
using supervisor::step;

namespace {

// Runs events through the table; returns the state and the actions taken.
struct Run {
  State state = State::Stopped;
  std::vector<Action> actions;
  Run& operator<<(Event event) {
    const auto next = step(state, event);
    state = next.next;
    if (next.action != Action::None) actions.push_back(next.action);
    return *this;
  }
};

}  // namespace

TEST_CASE("a life as it should be: started, stopped") {
  Run run;
  run << Event::Start << Event::Spawned;
  CHECK(run.state == State::Starting);
  run << Event::Ready;
  CHECK(run.state == State::Online);
  run << Event::Stop << Event::Gone;
  CHECK(run.state == State::Stopped);
  CHECK(run.actions ==
        std::vector{Action::Launch, Action::Terminate, Action::Settle});
}

TEST_CASE("a stop that comes before the pid is carried out with the pid") {
  Run run;
  run << Event::Start << Event::Stop;
  CHECK(run.state == State::Stopping);
  run << Event::Spawned;
  CHECK(run.state == State::Stopping);
  CHECK(run.actions.back() == Action::Terminate);
  run << Event::Gone;
  CHECK(run.state == State::Stopped);
}

TEST_CASE("start during a stop starts it again once it is gone") {
  Run run;
  run << Event::Start << Event::Spawned << Event::Stop << Event::Start;
  CHECK(run.state == State::Restarting);
  run << Event::Gone;
  CHECK(run.state == State::Launching);
}

TEST_CASE("stop has the last word over a restart under way") {
  Run run;
  run << Event::Start << Event::Spawned << Event::Restart << Event::Stop
      << Event::Gone;
  CHECK(run.state == State::Stopped);
}

TEST_CASE("a stopping app is never restarted by its own end") {
  for (const auto event : {Event::Retry, Event::RetryLater, Event::GiveUp,
                           Event::StayDown, Event::Due}) {
    const auto next = step(State::Stopping, event);
    CHECK(next.next == State::Stopping);
    CHECK(next.action == Action::None);
  }
}

TEST_CASE("waiting and errored apps launch when due, and stop when told") {
  for (const auto state : {State::Waiting, State::Errored}) {
    CHECK(step(state, Event::Due).action == Action::Launch);
    CHECK(step(state, Event::Start).action == Action::Launch);
    CHECK(step(state, Event::Stop).next == State::Stopping);
  }
}

TEST_CASE("late news of a dead process changes nothing in a stopped app") {
  for (const auto event :
       {Event::Spawned, Event::Retry, Event::RetryLater, Event::GiveUp,
        Event::StayDown, Event::Gone, Event::Due}) {
    const auto next = step(State::Stopped, event);
    CHECK(next.next == State::Stopped);
    CHECK(next.action == Action::None);
  }
}

TEST_CASE("only launching leads to a process, only from being down") {
  for (size_t s = 0; s < supervisor::kStates; ++s) {
    for (size_t e = 0; e < supervisor::kEvents; ++e) {
      const auto next = step(static_cast<State>(s), static_cast<Event>(e));
      CHECK((next.action == Action::Launch) ==
            (next.action != Action::None && next.next == State::Launching));
    }
  }
}

TEST_CASE("status words are PM2's") {
  CHECK(supervisor::status_name(State::Restarting) == "stopping");
  CHECK(supervisor::status_name(State::Online) == "online");
  CHECK(supervisor::status_name(State::Errored) == "errored");
  CHECK(supervisor::status_name(State::Starting) == "launching");
  CHECK(supervisor::status_name(State::Failing) == "stopping");
  CHECK(supervisor::status_name(State::Held) == "waiting");
}

TEST_CASE("what is unfit is ended first, then the policy has its say") {
  for (const auto state : {State::Starting, State::Online}) {
    const auto next = step(state, Event::Unfit);
    CHECK(next.next == State::Failing);
    CHECK(next.action == Action::Terminate);
  }
  CHECK(step(State::Failing, Event::Retry).action == Action::Launch);
  CHECK(step(State::Failing, Event::RetryLater).next == State::Waiting);
  CHECK(step(State::Failing, Event::GiveUp).next == State::Errored);
  // It has the end that it was told to have: that alone brings nothing.
  CHECK(step(State::Failing, Event::Gone).action == Action::None);
}

TEST_CASE("a word of the user goes before what the policy would do") {
  CHECK(step(State::Failing, Event::Stop).next == State::Stopping);
  CHECK(step(State::Failing, Event::Start).next == State::Restarting);
  CHECK(step(State::Failing, Event::Restart).next == State::Restarting);
}

TEST_CASE("late word of being ready brings nobody back") {
  for (const auto state :
       {State::Stopped, State::Stopping, State::Restarting, State::Failing,
        State::Waiting, State::Errored, State::Held})
    CHECK(step(state, Event::Ready).next == state);
}

TEST_CASE("who is held starts when due, when told, and stops when told") {
  for (const auto state :
       {State::Stopped, State::Waiting, State::Errored, State::Held}) {
    CHECK(step(state, Event::Hold).next == State::Held);
    CHECK(step(state, Event::Hold).action == Action::Hold);
  }
  // What runs is not held: it need not wait any more.
  CHECK(step(State::Online, Event::Hold).next == State::Online);
  CHECK(step(State::Stopping, Event::Hold).next == State::Restarting);
  CHECK(step(State::Held, Event::Due).action == Action::Launch);
  CHECK(step(State::Held, Event::Stop).next == State::Stopping);
}
