#pragma once
// Both ends of everything that a new child gets: pipes or a terminal, and
// node's channel. Thread-safe.

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/program.h"

namespace daemon_ {

struct Ends {
  base::UniqueFd ours;
  base::UniqueFd childs;
};

struct ChildEnds {
  Ends in;
  Ends out;
  Ends err;  // of a terminal: nothing of ours, it has one stream
  Ends ipc;  // nothing unless it was asked for
};

struct EndsWanted {
  bool ipc = false;
  bool pty = false;
  // Whether that stream is kept. What is not need not pass through us: the
  // child has /dev/null itself, and we have no end of it.
  bool out = true;
  bool err = true;
};
base::Result<ChildEnds> make_child_ends(const EndsWanted& wanted);

// A child of that user may open /dev/stdout and the like, which opens the pipe
// anew.
base::Status give_to(const ChildEnds& ends, const keeper::User& user);

}  // namespace daemon_
