#include "supervisor/state_table.h"

#include <array>

namespace supervisor {
namespace {

using Row = std::array<Step, kEvents>;
using Table = std::array<Row, kStates>;

constexpr Table make_table() {
  using enum State;
  constexpr auto keep = [](State s) { return Step{s, Action::None}; };
  constexpr Step launch{Launching, Action::Launch};
  constexpr Step settle{Stopped, Action::Settle};
  constexpr Step stop{Stopping, Action::Terminate};
  constexpr Step anew{Restarting, Action::Terminate};
  constexpr Step unfit{Failing, Action::Terminate};
  constexpr Step later{Waiting, Action::Delay};
  constexpr Step give_up{Errored, Action::Delay};
  constexpr Step hold{Held, Action::Hold};
  // Rows in the order of State. An event that can't happen in a state leaves it
  // as it is: late news.
  // clang-format off
  return {{
    //  Start             Stop            Restart           Hold              Spawned         Ready             Unfit             Retry             RetryLater        GiveUp            StayDown          Gone             Due
    {{ launch,           stop,           launch,           hold,             keep(Stopped),  keep(Stopped),    keep(Stopped),    keep(Stopped),    keep(Stopped),    keep(Stopped),    keep(Stopped),    keep(Stopped),   keep(Stopped) }},
    {{ keep(Launching),  stop,           anew,             keep(Launching),  keep(Starting), keep(Launching),  keep(Launching),  launch,           later,            give_up,          settle,           keep(Launching), keep(Launching) }},
    {{ keep(Starting),   stop,           anew,             keep(Starting),   keep(Starting), keep(Online),     unfit,            launch,           later,            give_up,          settle,           keep(Starting),  keep(Starting) }},
    {{ keep(Online),     stop,           anew,             keep(Online),     keep(Online),   keep(Online),     unfit,            launch,           later,            give_up,          settle,           keep(Online),    keep(Online) }},
    {{ keep(Restarting), keep(Stopping), keep(Restarting), keep(Restarting), stop,           keep(Stopping),   keep(Stopping),   keep(Stopping),   keep(Stopping),   keep(Stopping),   keep(Stopping),   settle,          keep(Stopping) }},
    {{ keep(Restarting), keep(Stopping), keep(Restarting), keep(Restarting), anew,           keep(Restarting), keep(Restarting), keep(Restarting), keep(Restarting), keep(Restarting), keep(Restarting), launch,          keep(Restarting) }},
    {{ keep(Restarting), keep(Stopping), keep(Restarting), keep(Restarting), keep(Failing),  keep(Failing),    keep(Failing),    launch,           later,            give_up,          settle,           keep(Failing),   keep(Failing) }},
    {{ launch,           stop,           anew,             hold,             keep(Waiting),  keep(Waiting),    keep(Waiting),    keep(Waiting),    keep(Waiting),    keep(Waiting),    keep(Waiting),    keep(Waiting),   launch }},
    {{ launch,           stop,           anew,             hold,             keep(Errored),  keep(Errored),    keep(Errored),    keep(Errored),    keep(Errored),    keep(Errored),    keep(Errored),    keep(Errored),   launch }},
    {{ launch,           stop,           anew,             hold,             keep(Held),     keep(Held),       keep(Held),       keep(Held),       keep(Held),       keep(Held),       keep(Held),       keep(Held),      launch }},
  }};
  // clang-format on
}

constexpr Table kTable = make_table();
static_assert(kTable.size() == static_cast<size_t>(State::Held) + 1);
static_assert(kTable[0].size() == static_cast<size_t>(Event::Due) + 1);

}  // namespace

Step step(State state, Event event) {
  return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

std::string_view status_name(State state) {
  constexpr std::array<std::string_view, kStates> kNames = {
      "stopped",  "launching", "launching", "online",  "stopping",
      "stopping", "stopping",  "waiting",   "errored", "waiting"};
  return kNames[static_cast<size_t>(state)];
}

}  // namespace supervisor
