#pragma once
// What a report tells besides lines: events, apps, versions, what was asked
// for. Secrets are masked (secrets.h).

#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/report_plan.h"
#include "control/message.h"
#include "query/gaps.h"
#include "query/source.h"

namespace cli {

// Of a range: its own, and those before and after that tell of it: in which
// lives it begins, which of its lines never ended, what was flushed. One JSON
// object a line.
std::string report_events(const query::Origin& origin,
                          const query::Query& range, query::Problems& problems);

// `describe --json` of the apps of a report.
std::string report_describe(const control::ListReply& list,
                            const store::Catalog& catalog);

// `why` of each app: its last exit before the range ended, in UTC. Empty: there
// was none. `list`: null without a daemon.
std::string report_whys(const std::string& log_dir, const query::Query& range,
                        base::Timestamp now, const control::ListReply* list,
                        query::Problems& problems);

// Lodge, kernel, libc. `daemon`: its version, empty when it is not known.
std::string report_versions(const std::string& daemon);

// What was asked for, when, where, what could not be read and what is missing:
// parse_gaps() reads that.
std::string report_request(const query::Query& range, base::Timestamp now,
                           const std::string& line,
                           const query::Problems& problems,
                           const std::vector<query::Gap>& gaps);

}  // namespace cli
