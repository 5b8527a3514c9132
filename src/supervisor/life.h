#pragma once
// One life of an instance, and what must outlive the daemon about it. The
// keeper holds it as the slot's label: a new daemon reads it back.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "supervisor/restart_policy.h"

namespace supervisor {

struct Life {
  uint64_t slot = 0;
  std::string app;
  int id = 0;      // of the instance
  int number = 0;  // within the app
  uint64_t generation = 0;
  int restarts = 0;  // of the instance, ever
  RestartHistory history;
  base::Timestamp launched;
  bool accounted = false;  // its end has been told of
  bool ready = false;      // it has been, by whatever its readiness is told
  // Why it is being ended, or was, though it would go on; empty = it is not.
  std::string unfit = {};

  // "LODGE_INSTANCE" of all generations of this instance, and of this one.
  std::string tag_prefix(std::string_view home_id) const;
  std::string tag(std::string_view home_id) const;
};

std::string print_label(const Life& life);  // without the slot
base::Result<Life> parse_label(std::string_view label);

}  // namespace supervisor
