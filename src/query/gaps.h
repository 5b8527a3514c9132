#pragma once
// Where stored lines begin too late for a range that was asked for: apps whose
// logs were flushed after the range began. (An app that merely wrote nothing
// that early has no gap.) Reads the events and the first line of each file.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "query/source.h"

namespace query {

struct Gap {
  std::string app;
  std::optional<base::Timestamp> begin;  // first line there is; none = no line
  base::Timestamp flushed;               // when what was older went, last
};

// `origins` of all kinds, events among them; by app as they are there.
std::vector<Gap> find_gaps(const std::vector<Origin>& origins,
                           base::Timestamp since, Problems& problems);

}  // namespace query
