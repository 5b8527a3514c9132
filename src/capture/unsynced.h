#pragma once
// What was written and is not sure yet to survive a cut of the power: the bytes
// of files, and the names that files were given. Plain data, but for perform(),
// which blocks.

#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace capture {

struct Unsynced {
  bool live = false;               // bytes of the live file, or its name
  std::vector<std::string> files;  // others, by path; one that is gone since is
                                   // nobody's loss
  std::set<std::string> dirs;      // in which there are new names

  bool empty() const { return !live && files.empty() && dirs.empty(); }
  void add(Unsynced more);
};

// One round for one disk.
struct SyncRound {
  struct Open {
    std::string path;
    base::UniqueFd fd;
  };
  std::vector<Open> live;
  Unsynced rest;

  // Files before names, so that no name is sure before what it names: in the
  // order in which they were written. Failures are in the diary.
  void perform();
};

}  // namespace capture
