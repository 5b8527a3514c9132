#include "rotate/shares.h"

#include <algorithm>

namespace rotate {

uint64_t fill_level(uint64_t room, std::span<const uint64_t> used) {
  std::vector<uint64_t> rising(used.begin(), used.end());
  std::ranges::sort(rising);
  for (size_t i = 0; i < rising.size(); ++i) {
    const uint64_t part = room / (rising.size() - i);
    if (rising[i] > part) return part;
    room -= rising[i];
  }
  return UINT64_MAX;
}

uint64_t room_for(uint64_t cap, uint64_t live, uint64_t theirs) {
  const uint64_t others = live - std::min(live, theirs);
  return cap - std::min(cap, others);
}

}  // namespace rotate
