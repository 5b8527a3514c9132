#pragma once
// The head of a record (records.h) that was begun before the place where one
// reads: looked for from there to the beginning of the history. Blocking; lives
// on the thread that asks, which the log must be asked on too.

#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "query/line_finder.h"
#include "store/log.h"

namespace query {

// The text of the last head before `end` in `log`, or in the logs before it
// (paths, the oldest first). The first line of all is a head whatever it is;
// nullopt: there is no line.
base::Result<std::optional<std::string>> find_record_head(
    store::Log& log, uint64_t end, LineForm form,
    std::span<const std::string> before);

}  // namespace query
