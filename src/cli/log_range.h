#pragma once
// What one is told of the range asked for: which it is, and where lines of it
// are missing. On stderr, or as objects among the lines of --json; nothing with
// --quiet.

#include <optional>
#include <string>
#include <string_view>

#include "cli/log_place.h"
#include "cli/log_request.h"
#include "cli/logs_command.h"
#include "query/output.h"
#include "query/reading.h"

namespace cli {

// An end of a range, as it was typed and as it was understood.
struct RangeEnd {
  std::string typed;
  std::optional<base::Timestamp> time;
};
// Errc::Invalid when `until` is not after `since`, with the times they mean:
// `13:00` may have been yesterday's.
base::Status check_range(const RangeEnd& since, const RangeEnd& until,
                         base::Zone zone);

// A word aside, for a person at a terminal.
void aside(std::string_view words, const LogsArgs& args);

// `10m` may be mistyped, `10:15` may be yesterday's: says what was meant.
void tell_range(const query::Query& query, const LogsArgs& args,
                base::Zone zone);

// A range that reaches back behind what is stored, or over what was dropped,
// must not look like one in which nothing happened. A report says itself what
// is missing in it. False: that includes what could not be read for it.
bool tell_gaps(const LogRequest& request, const LogPlace& place,
               const LogsArgs& args, query::Output& output);

// What a reading met that can't be read any more, for --json.
void tell_damage(const query::Reading& reading, const LogsArgs& args,
                 query::Output& output);

}  // namespace cli
