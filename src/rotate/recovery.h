#pragma once
// What a crash left lying about in log directories, finished or undone. At the
// daemon's start, before capture runs: a temporary file of a running flush must
// not be taken for a leftover. Recovery may be killed too: the next one goes
// on.

#include <string>
#include <vector>

#include "base/result.h"
#include "store/catalog.h"

namespace rotate {

// Removes temporary files; returns their names. A directory that does not exist
// has none. One that can't be removed is skipped: the next start tries again.
base::Result<std::vector<std::string>> remove_leftovers(
    const std::string& log_dir);

// Paths.
struct Recovered {
  std::vector<std::string> leftovers;  // temporaries, and sidecars of nothing
  std::vector<std::string> finished;   // archives; their segments are gone
  std::vector<std::string> undone;     // archives that were not whole: gone
  std::vector<base::Error> problems;   // what could not be done now
};

// One directory of segments and archives of one app (archiving.h).
Recovered recover_archives(const std::string& dir);

// The leftovers beside live files, wherever those are. In a directory that is
// not ours alone, only what is named after a file of ours. Before capture
// begins, which makes such files too.
Recovered recover_live(const std::string& log_dir,
                       const store::Catalog& catalog);
// All archives: any time before one is made.
Recovered recover_archives(const std::string& log_dir,
                           const store::Catalog& catalog);
// Both.
Recovered recover(const std::string& log_dir, const store::Catalog& catalog);

}  // namespace rotate
