#pragma once
// Which sealed files there are and which are missing, as events and directories
// have it together. Retention deletes a file and tells of it a moment later, so
// what seems missing is looked for again. Blocking.

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/target.h"
#include "cli/sealed_ledger.h"
#include "query/gaps.h"
#include "query/planner.h"
#include "rotate/stock.h"
#include "store/catalog.h"

namespace cli {

struct SealedLook {
  std::vector<rotate::Stored> files;
  std::vector<MissingFiles> missing;
};
// Of the selected instances.
base::Result<SealedLook> look_at_sealed(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> instances);

// All that query::find_gaps() knows of the histories of a plan, and where lines
// of sealed files that are missing would be. Reads the events once, unless a
// file is missing.
std::vector<query::Gap> all_gaps(const std::string& log_dir,
                                 const query::Plan& plan, query::GapRange range,
                                 query::Problems& problems);

}  // namespace cli
