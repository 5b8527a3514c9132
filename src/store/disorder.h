#pragma once
// How far the lines of one file may be out of order by their stamps: foreign
// lines, and those that several processes write to one file; the writer's own
// never are. Whoever looks for a time without reading everything looks so much
// further. Pure; any thread.

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace store {

inline constexpr int64_t kDisorderUs = 2'000'000;

// So much before and behind a time; at most the ends of all times, since a
// range may be open by being far away.
constexpr base::Timestamp disorder_before(base::Timestamp time) {
  return {std::max(time.us, INT64_MIN + kDisorderUs) - kDisorderUs};
}
constexpr base::Timestamp disorder_behind(base::Timestamp time) {
  return {std::min(time.us, INT64_MAX - kDisorderUs) + kDisorderUs};
}

}  // namespace store
