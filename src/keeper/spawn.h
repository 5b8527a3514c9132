#pragma once
// Forks one child of the keeper. The child gets a session of its own, the
// signal state and limits of a fresh process, its descriptors, and nothing of
// the keeper's protection from the out-of-memory killer.

#include <sys/resource.h>
#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/program.h"

namespace keeper {

struct ChildFds {  // borrowed; -1 = none
  int in = -1;
  int out = -1;
  int err = -1;
  int ipc = -1;  // becomes descriptor 3
};

// A fork that may still fail before exec.
struct Forked {
  pid_t pid = 0;
  // Readable once: at its end without data the exec succeeded; else it holds an
  // ExecFailure.
  base::UniqueFd outcome;
};

struct ExecFailure {
  int error = 0;
  enum Step : int {
    Descriptors,
    Cwd,
    Exec,
    User,
    Terminal,
    Limits,
    Group
  } step = Exec;
};

// Returns when the child is about to become the program, or after a moment,
// when the disk keeps it from that. From any thread.
base::Result<Forked> fork_program(const Program& program, const ChildFds& fds,
                                  const rlimit& nofile);

}  // namespace keeper
