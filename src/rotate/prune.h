#pragma once
// `archive prune`: what goes of the sealed files that were chosen, because
// somebody asks for it now. Any thread; asks file systems how much is free.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rotate/retention.h"

namespace rotate {

struct Prune {
  std::optional<base::Timestamp> before;  // files whose last line is older
  std::optional<uint64_t> to;    // until the chosen files have so many bytes
  std::optional<uint64_t> free;  // until their file systems have so many free
};

// In the order in which retention would delete them.
base::Result<std::vector<Removal>> plan_prune(std::vector<Stored> stock,
                                              const Prune& prune,
                                              base::Timestamp now);

}  // namespace rotate
