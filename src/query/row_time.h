#pragma once
// The time column of rows: the time of day, with the date where it is another
// day's; or as `--timestamp FMT` has it.

#include <optional>
#include <string>

#include "base/time_spec.h"
#include "query/time_format.h"

namespace query {

class RowTime {
 public:
  RowTime(const base::Clock& clock, base::Zone zone,
          std::optional<TimeFormat> format);

  // Days pass under a follower.
  void learn_today();
  void append(const std::optional<base::Timestamp>& time, std::string& into);

 private:
  const base::Clock& clock_;
  base::Zone zone_;
  std::optional<TimeFormat> format_;
  base::WallTime today_;
  int64_t quarter_ = INT64_MIN;  // of an hour, when today_ was looked at
  int64_t second_ = INT64_MIN;   // that second_text_ shows
  std::string second_text_;
  int64_t row_ = INT64_MIN;  // the time that row_text_ shows
  std::string row_text_;
};

}  // namespace query
