#pragma once
// What the arguments of a command that reads lines mean: checked, times made
// moments, patterns compiled.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/home.h"
#include "base/time_spec.h"
#include "cli/logs_command.h"
#include "query/context.h"
#include "query/line_filter.h"
#include "query/planner.h"
#include "query/query.h"
#include "query/source.h"

namespace cli {

// The value of --generation: from 1, or -1 for the last.
base::Result<int64_t> parse_generation(const std::string& text);

struct LogRequest {
  query::Query query;
  std::string dir;  // of logs and catalog; where it is the caller knows
  bool follow = false;
  bool diary = false;
  bool selection = false;  // asked for certain lines, not just the last
  bool filtered = false;   // by text, level or fields
  bool shows_events = false;
  bool reads_events = false;  // printed, or told to printers
  std::optional<query::LineFilter> filter;
  std::optional<uint64_t> most;  // --max-count
  std::optional<uint64_t> rows;  // --lines, of sums
  query::ContextOptions context;
  base::Zone zone = base::Zone::Local;
};

// Errc::Invalid, with the flag's name in it.
base::Result<LogRequest> understand(const LogsArgs& args, base::Timestamp now);

// The files as they are now.
base::Result<query::Plan> plan_for(const base::Home& home,
                                   const LogRequest& request);
// The same, of the lives that are asked for, and with events only where they
// are of use; made again when the catalog changed. `problems`: of the events
// that tell which life is which.
base::Result<query::Plan> plan_as_asked(const base::Home& home,
                                        const LogRequest& request,
                                        query::Problems& problems);
base::Result<query::Plan> plan_for(const std::string& dir,
                                   const query::Query& query);

}  // namespace cli
