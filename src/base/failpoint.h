#pragma once
// Faults on demand. Every system call that changes what survives a crash
// passes base/fs, and asks here first whether to fail, to do half, or to die;
// so do the steps of a journal in shared memory, which are no system calls.
// Off unless LODGE_FAILPOINTS is set, then one string:
//
//   rules   = rule *( ";" rule )
//   rule    = op [ "~" substring ] "=" action "@" when
//           | "trace=" path              append every op seen, one a line; what
//                                        gets another name: tab, the old one;
//                                        a write: its bytes; truncate: the new
//                                        size
//   op      = open read write fsync rename unlink mkdir truncate link reserve
//           | journal | *
//   action  = kill | short | hang | sleep:MS
//           | an errno name (ENOSPC EIO EINTR EACCES EMFILE ...)
//   when    = k [ "+" ] | "1/" n
//
// The k-th matching call (from 1) is hit; with "+" every one from the k-th;
// with "1/n" each with a chance of one in n, in every process otherwise.
// "rename~apps.json=kill@1" dies just before the first rename of apps.json,
// "journal=kill@1/2000" at some step that nobody chose.
// `kill` is SIGKILL of the calling process: no destructor, no flush.
// `short` lets a write do half of its bytes.
// `hang` holds the call, as a dead disk would, until the file that
// LODGE_FAILPOINT_RELEASE names exists; then it goes on as if nothing was.
//
// Thread-safe; the rules are read once at the first call. Without rules a call
// costs one relaxed load.

#include <atomic>
#include <string_view>

namespace base::failpoint {

struct Verdict {
  int error = 0;      // errno to fail with; 0 = go on
  bool half = false;  // write only half
};

namespace detail {
// Set for good once the rules were looked for and there are none.
extern std::atomic<bool> known_off;
bool has_rules();
Verdict judge(std::string_view op, std::string_view what,
              std::string_view from);
}  // namespace detail

inline bool enabled() {
  return !detail::known_off.load(std::memory_order_relaxed) &&
         detail::has_rules();
}

// `from`: the name that `what` had, or a size, for the trace.
inline Verdict consult(std::string_view op, std::string_view what,
                       std::string_view from = {}) {
  if (!enabled()) return {};
  return detail::judge(op, what, from);
}

}  // namespace base::failpoint
