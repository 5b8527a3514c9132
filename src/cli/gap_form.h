#pragma once
// How a gap is told: in words, or as the object that --json and a report have
// of it (docs/json.md), which is read again where the report is. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time_spec.h"
#include "query/gaps.h"

namespace cli {

// `{"app":"api",…}`, one line without '\n'.
std::string gap_json(const query::Gap& gap);
std::string gap_words(const query::Gap& gap, base::Zone zone);

// What report.json says is missing in its report; none: it says nothing of
// gaps, or is no such file. What of it can't be understood is left out.
std::optional<std::vector<query::Gap>> parse_gaps(std::string_view report);

}  // namespace cli
