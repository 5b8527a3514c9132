#pragma once
// Who may take how much of a cap: equal parts, and what one doesn't need is the
// others'. So all fill up to one level, like water: who needs less is covered,
// who takes more is over by what stands out. Pure.

#include <cstdint>
#include <span>
#include <vector>

namespace rotate {

// The level up to which `used` fills `room`; UINT64_MAX when all is covered.
uint64_t fill_level(uint64_t room, std::span<const uint64_t> used);

// Of the cap, what is left for those whose live files take `theirs` of all
// `live` bytes: others' live files, and the room kept for growth, go first.
uint64_t room_for(uint64_t cap, uint64_t live, uint64_t theirs);

}  // namespace rotate
