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
