#pragma once
// Lines of one history that a query wants, one after the other, wherever they
// come from: a search under way (hit_stream.h), or what one has kept. Lives on
// the thread that asks.

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace query {

// Where a line is in its history: files by number, segments from 0, then the
// live file.
struct HitPlace {
  size_t file = 0;
  uint64_t offset = 0;
  auto operator<=>(const HitPlace&) const = default;
};
inline constexpr HitPlace kBehindAll{SIZE_MAX, UINT64_MAX};

class Hits {
 public:
  struct Line {
    std::string_view text;  // valid, as all of it, until the next call
    std::optional<base::Timestamp> time;
    HitPlace place;
    bool ended = true;  // '\n' followed
  };
  virtual ~Hits() = default;
  // Goes to the next; false when there is none. After an error the next call
  // goes on behind what could not be read.
  virtual base::Result<bool> next() = 0;
  // The same where the next is at hand, for less; false: next() tells.
  virtual bool next_at_hand() { return false; }
  const Line& line() const { return line_; }

 protected:
  Line line_;  // that next() went to
};

}  // namespace query
