#pragma once
// Where stored lines are missing in a range that was asked for: apps whose logs
// were flushed after the range began. (An app that merely wrote nothing that
// early has no gap.) A flush takes live files alone, so segments may lie before
// the gap. Reads the events and the first and last lines of a few files.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "query/source.h"

namespace query {

struct Gap {
  std::string app;
  std::optional<base::Timestamp> begin;  // first line after it; none = no line
  std::optional<base::Timestamp> kept;   // last line before it, of the
                                         // stream that ends first
  base::Timestamp flushed;               // when what is missing went, last
};

// `origins` of all kinds, events among them; by app as they are there.
std::vector<Gap> find_gaps(const std::vector<Origin>& origins,
                           base::Timestamp since, Problems& problems);

}  // namespace query
