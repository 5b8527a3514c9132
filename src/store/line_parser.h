#pragma once
// parse_line() for many lines of one file: most are of the same minute as the
// one before, which saves most of the work. One thread.

#include <string>
#include <string_view>

#include "store/line.h"

namespace store {

class LineParser {
 public:
  // As parse_line().
  Line parse(std::string_view line);

 private:
  // The minute of a stamp before, and its time.
  std::string minute_;
  base::Timestamp minute_time_;
};

}  // namespace store
