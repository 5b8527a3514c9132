#include "supervisor/dependencies.h"

#include <fmt/format.h>

namespace supervisor {
namespace {

using config::Condition;
using Kind = Clearance::Kind;

bool is_met(Condition condition, const Standing& standing) {
  switch (condition) {
    case Condition::Started:
      return standing.state == State::Starting ||
             standing.state == State::Online;
    case Condition::Ready:
      return standing.state == State::Online && standing.ready;
    case Condition::Healthy:
      return standing.state == State::Online && standing.healthy;
    case Condition::Exited:
      return standing.state == State::Stopped && standing.ended_well;
  }
  return false;
}

std::string_view wanted_word(Condition condition) {
  switch (condition) {
    case Condition::Started:
      return "to be started";
    case Condition::Ready:
      return "to be ready";
    case Condition::Healthy:
      return "to be healthy";
    case Condition::Exited:
      return "to have done its work";
  }
  return "";
}

// Why it does not get there by itself; empty = it is on its way.
std::string failure(const Standing& standing) {
  switch (standing.state) {
    case State::Launching:
    case State::Starting:
    case State::Online:
    case State::Restarting:
      return "";
    case State::Held:
      return standing.held_back ? "was not started" : "";
    case State::Stopped:
      return standing.words.empty() ? "is stopped" : standing.words;
    case State::Stopping:
      return "is being stopped";
    case State::Failing:
    case State::Waiting:
      return standing.words.empty() ? "failed" : standing.words;
    case State::Errored:
      return standing.words.empty() ? "is errored"
                                    : "is errored: " + standing.words;
  }
  return "";
}

}  // namespace

Clearance clearance(const config::Dependencies& dependencies,
                    const FindStandings& find) {
  Clearance waiting;
  for (const auto& [app, condition] : dependencies) {
    const auto standings = find(app);
    if (!standings)
      return {Kind::Barred,
              fmt::format("it depends on {}, which is no app here", app)};
    for (const auto& standing : *standings) {
      if (is_met(condition, standing)) continue;
      const auto why = failure(standing);
      if (!why.empty())
        return {Kind::Barred,
                fmt::format("it depends on {}, which {}", app, why)};
      if (waiting.kind == Kind::Free)
        waiting = {Kind::Waiting,
                   fmt::format("waits for {} {}", app, wanted_word(condition))};
    }
  }
  return waiting;
}

}  // namespace supervisor
