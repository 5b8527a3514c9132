#pragma once
// `--by`, `--distinct` and `--top`: which counts a command asks for.

#include <memory>

#include "base/result.h"
#include "cli/log_request.h"
#include "query/output.h"
#include "query/source.h"
#include "query/sums.h"

namespace cli {

bool asks_for_sums(const LogsArgs& args);

// Errc::Invalid for a field or a span of time that makes no sense. `--new`
// reads its baseline here; what of it can't be read is among `problems`.
base::Result<std::unique_ptr<query::Sums>> make_sums(const base::Home& home,
                                                     const LogsArgs& args,
                                                     const LogRequest& request,
                                                     query::Output& output,
                                                     query::Problems& problems);

}  // namespace cli
