#include "store/archive_input.h"

#include <algorithm>

#include "base/fs.h"
#include "store/archive_index.h"
#include "store/archive_reader.h"
#include "store/grams.h"
#include "store/line.h"

namespace store {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr int kLevelOfLargeFrames = 6;
// Read beyond where a cut is wanted, to find the line's end.
constexpr uint64_t kAhead = 64 << 10;
// A line is cut far from its stamp.
constexpr uint64_t kLeastRoom = 2 * kHeadSize;

}  // namespace

static_assert(FrameInput::kAround == kLongestGram - 1);

base::Result<FrameInput> FrameInput::open(int segment, const std::string& name,
                                          const ArchiveOptions& options) {
  FrameInput input(segment, name);
  auto info = base::fs::fstat(segment, name);
  if (!info) return base::fail(std::move(info.error()));
  base::fs::expect_sequential(segment);
  input.expected_ = static_cast<uint64_t>(info->st_size);
  uint64_t size = options.frame_size;
  if (size == 0) size = options.level >= kLevelOfLargeFrames ? 2 * kMiB : kMiB;
  size = std::min(size, kMostInFrame / 4);
  input.most_ =
      options.most_in_frame == 0 ? kMostInFrame : options.most_in_frame;
  input.most_ = std::clamp(input.most_, 2 * size + kLeastRoom, kMostInFrame);
  input.frames_ = std::max<uint64_t>(1, (input.expected_ + size / 2) / size);
  const uint64_t groups = (input.frames_ - 1) / kMostGroupFrames + 1;
  input.frames_in_group_ =
      static_cast<uint32_t>((input.frames_ + groups - 1) / groups);
  return input;
}

// At least `count` bytes in the buffer, or all there are.
base::Status FrameInput::fill(uint64_t count) {
  while (!ended_ && buffer_.size() < count) {
    const size_t held = buffer_.size();
    base::Result<size_t> n = 0;
    buffer_.resize_and_overwrite(count, [&](char* at, size_t) {
      n = base::fs::pread(segment_, {at + held, count - held}, begin_ + held,
                          name_);
      return held + n.value_or(0);
    });
    if (!n) return base::fail(std::move(n.error()));
    ended_ = *n == 0;
  }
  return {};
}

// How much of the buffer is the next frame.
base::Result<uint64_t> FrameInput::find_cut() {
  // The next of the places at which frames would end if there were no lines,
  // but none so near that the frame would be hardly one.
  const uint64_t part = expected_ / frames_;
  const uint64_t number = part == 0 ? frames_ : (begin_ + part / 4) / part + 1;
  const uint64_t planned =
      number < frames_ ? number * part : std::max(expected_, begin_);
  const uint64_t wanted = std::clamp<uint64_t>(planned - begin_, 1, most_ / 2);
  uint64_t looked = wanted - 1;
  for (uint64_t upto = wanted + kAhead;; upto += upto / 2) {
    upto = std::min(upto, most_);
    if (auto got = fill(upto + kAround); !got)
      return base::fail(std::move(got.error()));
    const auto seen = std::string_view(buffer_).substr(0, upto);
    if (seen.size() <= looked) return seen.size();
    const size_t end = seen.find('\n', looked);
    if (end != seen.npos) return end + 1;
    if (seen.size() < upto) return seen.size();  // the last line has no end
    looked = seen.size();
    if (upto < most_) continue;
    // A line too long for this frame: it may be whole in the next.
    const size_t before = seen.rfind('\n', wanted);
    return before == seen.npos ? upto : before + 1;
  }
}

base::Result<FrameBytes> FrameInput::next() {
  mid_line_ = given_ > 0 && buffer_[given_ - 1] != '\n';
  before_ = mid_line_
                ? buffer_.substr(given_ - std::min(given_, uint64_t{kAround}),
                                 std::min(given_, uint64_t{kAround}))
                : std::string();
  buffer_.erase(0, given_);
  begin_ += given_;
  auto cut = find_cut();
  if (!cut) return base::fail(std::move(cut.error()));
  given_ = *cut;
  FrameBytes bytes;
  const std::string_view all = buffer_;
  bytes.begin = begin_;
  bytes.text = all.substr(0, given_);
  bytes.before = before_;
  if (given_ > 0 && bytes.text.back() != '\n') {
    bytes.after = all.substr(given_, kAround);
    bytes.after = bytes.after.substr(0, bytes.after.find('\n'));
  }
  return bytes;
}

}  // namespace store
