#pragma once
// Parts of a flow, by time. Plain data.

#include <optional>
#include <vector>

#include "base/clock.h"

namespace query {

// Lines with stamps from first to last, both included; an absent first is
// before all, an absent last means lines without any time.
struct Excerpt {
  std::optional<base::Timestamp> first;
  std::optional<base::Timestamp> last;
};
using Excerpts = std::vector<Excerpt>;  // ascending, not touching

}  // namespace query
