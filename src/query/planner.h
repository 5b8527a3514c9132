#pragma once
// Which files answer a query. Pure: a function of the catalog, so that a plan
// can be made again when the catalog changes under a follower.

#include <string>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "store/catalog.h"

namespace query {

struct Plan {
  // By app as in the catalog, then by instance; `out` before `error`, events
  // last. Lines with one stamp are shown in this order. A file that several
  // instances write is there once; one that has both streams counts as `out`.
  std::vector<Origin> origins;
  // Of targets that name nothing, where others name something.
  std::vector<base::Error> unknown{};
};

// Errc::NotFound when no target names anything, Errc::Invalid for one that
// names two things. An app that has no instances on record has its events
// alone.
base::Result<Plan> make_plan(const store::Catalog& catalog,
                             const std::string& log_dir, const Query& query);

// How an instance's rows are labelled; instance -1 = the whole app's.
std::string make_label(const Origin& origin, int instance);

// Lodge's own diary as a plan of one file.
Plan diary_plan(const std::string& path);

}  // namespace query
