#pragma once
// The reading end of one source's pipe: readiness, its end, and its size, which
// grows while the child fills it faster than it is read. Lives on the
// capture thread; never blocks.

#include <functional>
#include <optional>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "capture/observer.h"

namespace capture {

// How much memory all pipes together may take: at most half of what the kernel
// lets the user have, so that other programs of his can still make pipes.
class PipeBudget {
 public:
  PipeBudget();
  bool take(size_t bytes);
  void give_back(size_t bytes) { used_ -= bytes; }

 private:
  size_t limit_;
  size_t used_ = 0;
};

class PipeReader {
 public:
  // `on_ready` is called when there are bytes or the end, and may destroy this.
  PipeReader(base::EventLoop& loop, PipeBudget& budget, SourceInfo info,
             base::UniqueFd pipe, std::function<void()> on_ready);
  ~PipeReader();
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

  int fd() const { return pipe_.get(); }
  size_t waiting() const;
  // No writer is left, and nothing they wrote.
  bool at_end() const;
  // So many bytes were read at once.
  void feel_pressure(size_t bytes);
  void listen(bool on);

  const SourceInfo& info() const { return info_; }
  size_t capacity() const { return capacity_; }

 private:
  void begin();

  PipeBudget& budget_;
  const SourceInfo info_;
  base::UniqueFd pipe_;  // before watch_: a watch goes before its descriptor
  base::EventLoop& loop_;
  std::function<void()> on_ready_;
  // At the first listen(): of hundreds of pipes taken over most are silent, and
  // must not keep the others waiting.
  std::optional<base::FdWatch> watch_;
  bool listening_ = false;
  size_t capacity_;
  size_t granted_ = 0;  // of the budget
  int pressure_ = 0;
  bool may_grow_ = true;
};

}  // namespace capture
