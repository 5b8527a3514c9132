#pragma once
// Reads pipes into the spool in such a way that after a kill one can tell
// whether a read happened. A read takes bytes out of a pipe, and only its
// return value says how many; so exactly as many are asked for as the pipe
// holds, and random bytes are put at the end of the place where they will lie.
// If those are still there, the kernel copied nothing, and the pipe still has
// it all. Lives on the capture thread.
//
// The memory is locked, so that the kernel does not fault half way; should it
// all the same, the beginning of the place is gone and its end is not, and
// that is told as bytes that can't be accounted for.

#include <array>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "capture/spool.h"

namespace capture {

class Intake {
 public:
  explicit Intake(Spool& spool);

  struct Bytes {
    Taken from;  // what precedes them in the read: nothing yet
    std::string_view view;
  };
  // Takes at most `most` bytes out of the pipe. Empty when it holds none. They
  // stay where they are until the next call.
  base::Result<Bytes> read(int pipe, uint32_t source, size_t most);

  // What an earlier daemon had read and not passed on; for recovery, once.
  struct Left {
    uint32_t source = 0;
    Bytes bytes;
    uint64_t unaccounted = 0;  // at most so many bytes are lost
  };
  std::optional<Left> left() const;

 private:
  void set_mark(ReadRecord& record, int pipe, size_t size);

  Spool& spool_;
  std::array<char, kMarkSize> mark_{};
  base::UniqueFd peek_read_;  // a pipe of our own, made when first needed
  base::UniqueFd peek_write_;
};

}  // namespace capture
