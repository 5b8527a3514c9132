#pragma once
// Where reading begins: the part of each file that holds what a query wants,
// found without reading what it does not want.

#include <span>

#include "query/source.h"

namespace query {

// Positions the sources of one app (their limits set by allow()) at the first
// line they are to show. With query.last, together they show the last lines in
// range, and events from the first of those lines on; when that is all there
// is, as many of the last events. What can't be read is told, and passed over.
base::Status place(std::span<Source* const> group, const Query& query,
                   Problems& problems);

// Positions a source of events at the first that is not before `from`, at most
// the last `most`.
base::Status place_events(Source& source, std::optional<base::Timestamp> from,
                          uint64_t most);

}  // namespace query
