#pragma once
// parse_line() for many lines of one file: most are of the same minute as the
// one before, and those that were captured together have one stamp, which saves
// most of the work. One thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "store/line.h"

namespace store {

class LineParser {
 public:
  // As parse_line().
  Line parse(std::string_view line);

 private:
  // A prefix before, stamp and blank, and its time.
  std::string prefix_;
  base::Timestamp time_;
  int64_t minute_us_ = 0;  // when its minute began
};

}  // namespace store
