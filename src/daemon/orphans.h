#pragma once
// Processes of this home that have lost both daemon and keeper. A child is a
// reader of its own pipes, so it has noticed nothing, and what it wrote since
// is still in them: /proc/PID/fd leads there. Looked for once, by a daemon
// whose keeper knows of no life at all. Blocking, for some milliseconds.

#include <string>
#include <string_view>
#include <vector>

#include "keeper/link.h"
#include "supervisor/life.h"

namespace daemon_ {

struct Orphan {
  supervisor::Life life;  // id, generation, launched; the rest is not known
  // As the keeper would tell of it: pid, pidfd, pipes. pid 0: the process
  // itself has ended, but some of its tree is left.
  keeper::FoundSlot slot;
};

std::vector<Orphan> find_orphans(std::string_view home_id);

}  // namespace daemon_
