#pragma once
// What is asked of live files from outside, and what came of it: that they be
// flushed, sealed, looked at. Plain data; any thread.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "capture/sink_spec.h"

namespace capture {

// What a flush did to one live file.
struct Replaced {
  std::string path;
  uint64_t bytes = 0;                // of the file that was taken away
  std::optional<base::Error> error;  // it is still there
  bool too_young = false;            // likewise, as it was asked for
};

struct SealRequest {
  SinkSpec file;  // all of it counts if nobody writes it; else its path alone
  // Only if its first line is older; none: whatever its age.
  std::optional<base::Timestamp> begun_before = {};
};

// What became of one live file that was to be sealed.
struct Sealed {
  enum class Outcome {
    Sealed,
    Empty,     // or not there
    TooYoung,  // begun later than was asked for
    Pending,   // in mid-line, or its disk hangs: done as soon as it can be
    Failed,    // it stays, and is written on
  };
  std::string path;
  Outcome outcome = Outcome::Failed;
  std::string segment = {};  // absolute
  uint64_t bytes = 0;        // of the segment
  std::optional<base::Error> error = {};
};

// A live file that is open, as its writer knows it.
struct LiveState {
  std::string path;
  uint64_t device = 0;  // 0: it could not be opened yet
  uint64_t size = 0;
  uint64_t written = 0;  // bytes since it has a writer, over all its segments
  std::optional<base::Timestamp> begun = {};  // stamp of the first line
};

}  // namespace capture
