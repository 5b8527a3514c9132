#pragma once
// Which files a flush empties: live ones, and those that an instance wrote
// before its settings changed. Looks, and touches nothing: `--dry-run`
// prints the plan, the daemon carries it out through capture. Any thread;
// blocks on stat alone.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/target.h"
#include "store/catalog.h"

namespace rotate {

struct LiveFile {
  std::string app;
  int instance = 0;  // the first of those that write it
  store::Stream stream = store::Stream::Out;
  std::string path;    // absolute, or in `log_dir`
  uint64_t bytes = 0;  // now
};

// The instances of all apps that the catalog knows, deleted ones too: what a
// flush may select from.
std::vector<base::TargetCandidate> flush_candidates(
    const store::Catalog& catalog);

// The live files of the selected instances, in the catalog's order, out before
// error, each once. Files that don't exist are left out, empty ones are not.
// Errc::Invalid: an instance that is not selected writes one of them too.
base::Result<std::vector<LiveFile>> plan_flush(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected);

}  // namespace rotate
