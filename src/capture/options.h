#pragma once
// How the lines of one live file are kept: the `log` settings of an app, as
// capture needs them. Plain data; checked by whoever read it from the user.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace capture {

struct SinkOptions {
  enum class Stamp {
    Prefix,  // `2026-11-21T10:15:02.123456Z ` before each line
    Json,    // "@lodge":"<stamp>" as first member of a line that is a JSON
             // object, else as Prefix
    None,    // the child's bytes alone; times in a sidecar (store/times.h)
  };
  enum class Overflow {
    Block,  // a slow file: the pipe fills, the child waits
    Drop,   // what comes meanwhile is dropped and counted
  };
  enum class OnFull {
    Drop,  // a full disk: after 10 s the oldest unwritten goes, counted
    Wait,  // the child waits for space
  };
  enum class Sync {
    None,
    Interval,  // every 5 s, off the capture path
    Rotate,    // when the file is sealed
  };
  // At most `bytes` a second on average, `burst` at once; 0 = no limit.
  struct Rate {
    enum class Then {
      Drop,    // what is over the limit
      Sample,  // of what is over the limit, every hundredth line is kept
    };
    uint64_t bytes = 0;
    uint64_t burst = 0;  // 0 = as `bytes`
    Then then = Then::Drop;
    bool operator==(const Rate&) const = default;
  };

  Stamp stamp = Stamp::Prefix;
  Overflow overflow = Overflow::Block;
  OnFull on_full = OnFull::Drop;
  Sync sync = Sync::Interval;
  Rate rate;
  uint64_t max_size = 0;  // bytes at which the file is sealed; 0 = never
  bool strip_ansi = false;
  std::vector<std::string> redact;  // RE2; what matches becomes [redacted]
  mode_t mode = 0600;

  bool operator==(const SinkOptions&) const = default;
};

}  // namespace capture
