#pragma once
// How one leaves a command that follows: Ctrl-C, or a pipe whose reader is
// gone.

#include <optional>

#include "base/event_loop.h"
#include "base/unique_fd.h"

namespace cli {

// At once, also while a slow reader blocks our write, and with the terminal's
// colours as they were.
void leave_quietly_on_signals();

// For who keeps a place that must be that of what was printed: Ctrl-C and
// SIGTERM don't end us from here on, but wait to be asked for. One writes to a
// slow reader first.
class LeaveWatch {
 public:
  LeaveWatch();
  bool is_asked() const;
  // Readable when it is.
  int fd() const { return signals_.get(); }

 private:
  base::UniqueFd signals_;
};

// Stops the loop when nobody reads our standard output any more, though nothing
// is written to it. Outlives the run of the loop.
class ReaderWatch {
 public:
  explicit ReaderWatch(base::EventLoop& loop);

 private:
  base::UniqueFd pipe_;
  std::optional<base::FdWatch> watch_;
};

}  // namespace cli
