#pragma once
// The time column of rows: the time of day, with the date where it is another
// day's; or as `--timestamp FMT` has it.

#include <optional>
#include <string>
#include <string_view>

#include "base/time_spec.h"
#include "query/time_format.h"

namespace query {

class RowTime {
 public:
  RowTime(const base::Clock& clock, base::Zone zone,
          std::optional<TimeFormat> format);

  // Days pass under a follower.
  void learn_today();
  // Valid until the next call.
  std::string_view show(const std::optional<base::Timestamp>& time);

 private:
  void begin_second(int64_t second);

  const base::Clock& clock_;
  base::Zone zone_;
  std::optional<TimeFormat> format_;
  base::WallTime today_;
  int64_t quarter_ = INT64_MIN;  // of an hour, when today_ was looked at
  // That row_text_ shows, and its second.
  int64_t row_ = INT64_MIN;
  int64_t second_ = INT64_MIN;
  std::string row_text_;
};

}  // namespace query
