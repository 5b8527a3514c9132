#pragma once
// A terminal that nobody sits at, for apps that only talk to one. What is
// written to its slave comes out of the master byte for byte: no output
// processing, no echo. At the end, when no slave is open any more, reading the
// master fails with EIO where a pipe would give 0. Thread-safe.

#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

struct Pty {
  UniqueFd master;
  UniqueFd slave;
};
Result<Pty> make_pty();

}  // namespace base
