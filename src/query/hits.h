#pragma once
// Lines of one history that a query wants, one after the other, wherever they
// come from: a search under way (hit_stream.h), or what one has kept. Lives on
// the thread that asks.

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace query {

class Hits {
 public:
  virtual ~Hits() = default;
  // Goes to the next; false when there is none. After an error the next call
  // goes on behind what could not be read.
  virtual base::Result<bool> next() = 0;
  virtual std::string_view text() const = 0;  // valid until the next call
  virtual std::optional<base::Timestamp> time() const = 0;
  virtual uint64_t offset() const = 0;  // of the line in its log
  virtual bool ended() const = 0;       // '\n' followed
};

}  // namespace query
