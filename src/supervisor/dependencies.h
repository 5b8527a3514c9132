#pragma once
// Whether what an app depends on lets it start. Pure.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/app_spec.h"
#include "supervisor/state_table.h"

namespace supervisor {

// How one instance of another app stands.
struct Standing {
  State state = State::Stopped;
  bool ready = false;       // it has been, in this life
  bool healthy = false;     // its last look was good
  bool ended_well = false;  // its last life ended by itself, as it should
  bool held_back = false;   // of Held: by something that failed
  std::string words = {};   // why it is in this state, if there is a why
};
// Of all instances; nullopt = there is no such app.
using FindStandings =
    std::function<std::optional<std::vector<Standing>>(const std::string&)>;

struct Clearance {
  enum class Kind {
    Free,     // to be started
    Waiting,  // for something that is on its way
    Barred,   // by something that failed, or that nobody wants up
  };
  Kind kind = Kind::Free;
  std::string why = {};  // "waits for b to be ready"
  bool operator==(const Clearance&) const = default;
};

// What is barred goes before what is waited for.
Clearance clearance(const config::Dependencies& dependencies,
                    const FindStandings& find);

}  // namespace supervisor
