#pragma once
// `archive prune`: what goes of the sealed files that were chosen, because
// somebody asks for it now. Pure.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "rotate/retention.h"

namespace rotate {

struct Prune {
  std::optional<base::Timestamp> before;  // files whose last line is older
  std::optional<uint64_t> to;    // until the chosen files have so many bytes
  std::optional<uint64_t> free;  // until the file system has so many free
};

// Of files on one file system that has `free` bytes free; in the order in which
// retention would delete them.
std::vector<Removal> plan_prune(std::vector<Stored> stock, const Prune& prune,
                                base::Timestamp now, uint64_t free);

}  // namespace rotate
