#pragma once
// Which files a report has, and what they are called there: a log directory of
// its own, with a catalog that names just these. Pure.

#include <string>
#include <vector>

#include "base/result.h"
#include "query/planner.h"
#include "store/catalog.h"

namespace cli {

struct ReportPlan {
  struct File {
    query::Origin origin;
    std::string name;  // in logs/
  };
  std::vector<File> files;  // events of each app behind its streams
  store::Catalog catalog;
};

// `query` chooses apps and instances. One that shares a file with a chosen one
// is there, too. Errors are about its targets.
base::Result<ReportPlan> plan_report(const store::Catalog& catalog,
                                     const std::string& log_dir,
                                     const query::Query& query);

}  // namespace cli
