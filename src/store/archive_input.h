#pragma once
// A segment in pieces that become frames: about equal, cut at line ends, each
// line whole as long as a frame may be. Reads on from the beginning, no byte
// twice, and holds one frame in memory. Blocking; one thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/archive_writer.h"

namespace store {

struct FrameBytes {
  uint64_t begin = 0;       // in the segment
  std::string_view text;    // empty: the segment ends
  std::string_view before;  // of the line that goes on here
  std::string_view after;   // of the line that goes on in the next frame
};

class FrameInput {
 public:
  static base::Result<FrameInput> open(int segment, const std::string& name,
                                       const ArchiveOptions& options);

  // Valid until the next call. `before` and `after` have up to kAround bytes,
  // and are empty where the frame begins and ends with a line.
  base::Result<FrameBytes> next();
  static constexpr size_t kAround = 6;  // a gram's reach: kLongestGram - 1

  // Groups of the filter are of about equal size, too.
  uint32_t frames_in_group() const { return frames_in_group_; }
  double expected() const { return static_cast<double>(expected_); }  // bytes
  uint64_t position() const { return begin_; }  // where the next frame begins

 private:
  FrameInput(int segment, const std::string& name)
      : segment_(segment), name_(name) {}
  base::Status fill(uint64_t count);
  base::Result<uint64_t> find_cut();

  int segment_;
  const std::string& name_;
  uint64_t expected_ = 0;  // the size of the segment as it began
  uint64_t frames_ = 1;    // about how many there will be
  uint32_t frames_in_group_ = 1;
  uint64_t most_ = 0;   // in a frame
  uint64_t begin_ = 0;  // of buffer_ in the segment
  std::string buffer_;
  uint64_t given_ = 0;  // bytes of buffer_ that the last frame had
  std::string before_;
  bool ended_ = false;  // nothing follows the buffer
  bool mid_line_ = false;
};

}  // namespace store
