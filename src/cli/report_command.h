#pragma once
// `lodge report`: the lines of a range and what belongs to them, as one file
// for a colleague, who reads it with `--from` (log_place.h), or unpacks it.
// (An error is said by report.h.) Works without a daemon.

namespace cli {

struct Invocation;

int run_report(const Invocation& invocation);

}  // namespace cli
