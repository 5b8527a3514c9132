#pragma once
// Faults on demand. Every system call that changes what survives a crash
// passes base/fs, and asks here first whether to fail, to do half, or to die.
// Off unless LODGE_FAILPOINTS is set, then one string:
//
//   rules   = rule *( ";" rule )
//   rule    = op [ "~" substring ] "=" action "@" k [ "+" ]
//           | "trace=" path              append every op seen, one a line
//   op      = open read write fsync rename unlink mkdir truncate link close *
//   action  = kill | short | an errno name (ENOSPC EIO EINTR EACCES EMFILE ...)
//
// The k-th matching call (from 1) is hit; with "+" every one from the k-th.
// "rename~apps.json=kill@1" dies just before the first rename of apps.json.
// `kill` is SIGKILL of the calling process: no destructor, no flush.
// `short` lets a write do half of its bytes.
//
// Thread-safe; the rules are read once at the first call.

#include <string_view>

namespace base::failpoint {

struct Verdict {
  int error = 0;      // errno to fail with; 0 = go on
  bool half = false;  // write only half
};

bool enabled();
Verdict consult(std::string_view op, std::string_view what);

}  // namespace base::failpoint
