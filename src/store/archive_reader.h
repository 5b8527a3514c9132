#pragma once
// Reads an archive, `.log.zst` (FORMAT.md): frames that are decoded each for
// itself, and an index that tells what is in them. The index only ever saves
// work. Where it is missing, damaged or of a version that is not understood,
// the frames are found without it and nothing is skipped; a damaged frame costs
// that frame alone. Nothing in the file is believed: sizes are bounded and sums
// compared before use, memory stays within a few frames of kMostInFrame.
// Blocking; each reader on one thread.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/big_string.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "store/levels.h"
#include "store/names.h"
#include "store/times.h"

namespace store {

// Raw bytes. Longer lines go on in the next frame.
inline constexpr uint64_t kMostInFrame = uint64_t{16} << 20;

// Independently decodable.
struct ArchiveFrame {
  uint64_t offset = 0;  // in the file
  uint64_t stored = 0;  // compressed bytes
  uint64_t begin = 0;   // in the raw text
  uint64_t size = 0;    // raw bytes
  // What follows is known from an index alone.
  uint64_t lines = 0;  // '\n' in it
  // The least and the greatest stamp of its lines, of one that began before it
  // too; a line that bears none counts as the line before it. Absent when a
  // line's time is not known: then nothing may be concluded.
  std::optional<base::Timestamp> first{}, last{};
  // How many of the lines that begin here have each level. All zero unless
  // has_levels().
  std::array<uint32_t, kLevels> levels{};
  // false: goes on within a line of the frame before. The two are only to be
  // skipped together.
  bool begins_line = true;
  bool ascii = false;  // certainly no byte of 0x80 or more
  // The filter has the grams of its lines without their colours (colours.h),
  // too, or they have none.
  bool through_colours = false;
  bool unescaped = false;  // certainly no `\u`, which in JSON may be any letter
  uint32_t sum = 0;        // frame_sum() of the stored bytes; 0: not known
  bool operator==(const ArchiveFrame&) const = default;
};

class ArchiveReader;

// Decodes frames of any archives; a searching thread has one of its own, and
// shares the readers with others as long as nobody asks those for a frame or
// the filter meanwhile.
class FrameDecoder {
 public:
  FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) noexcept;
  ~FrameDecoder();

  // As ArchiveReader::read_frame(), but adds the frame to what `into` has, and
  // where the stored bytes have the sum that the index tells, they are not
  // decoded wrongly: zstd's checksum of the text, a tenth of the work, is left
  // out.
  base::Status append_frame(const ArchiveReader& archive, size_t index,
                            base::BigString& into);

 private:
  friend class ArchiveReader;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

class ArchiveReader {
 public:
  // Reads the end of the file: one or two preads when it is healthy. A file in
  // which no frame is found is no error; problems() then say why.
  // `name` is for messages.
  static base::Result<ArchiveReader> open(base::UniqueFd fd, std::string name);
  ArchiveReader(ArchiveReader&&) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) noexcept;
  ~ArchiveReader();

  const std::string& name() const;
  const std::vector<ArchiveFrame>& frames() const;
  // Raw bytes of all frames.
  uint64_t size() const;
  // '\n' in all frames; 0 without an index.
  uint64_t lines() const;
  // false: it is missing, damaged or unknown: everything is to be scanned.
  bool has_index() const;
  // Without an index: whether frames were lost that nothing is known of.
  bool has_holes() const;
  // Whether the counts by level are what detect_level() would find.
  bool has_levels() const;
  // Whether filter() can ever clear a frame.
  bool has_filter() const;
  // Which one is in it; nullopt: both, or not known.
  std::optional<Stream> stream() const;
  // Whether its lines were taken to bear stamps; nullopt without an index.
  std::optional<bool> stamped() const;
  // What is damaged, with file name and offset. Grows while frames and filters
  // are read.
  const std::vector<base::Error>& problems() const;

  // A whole frame into `into`, zstd's checksum verified. Errc::Invalid, naming
  // file and offset, when it is damaged; `into` is then empty.
  base::Status read_frame(size_t index, std::string& into);

  // Of a log without stamps; else empty. Offsets are in the raw text.
  const std::vector<TimeEntry>& times() const;

  // Clears frames[i] where frame i certainly holds no line with `literal`, in
  // ASCII letters of any case when asked. `literal` stands in the child's
  // bytes: no stamp is part of a line. Frames that share a line are cleared
  // together or not at all. Nothing is cleared for a literal of under 5 bytes
  // or with a '\n', and nothing by a part of the filter that is damaged.
  // frames.size() is that of frames().
  base::Status filter(std::string_view literal, bool ignore_case,
                      std::vector<bool>& frames);

  // Reads all that no question has asked for yet, frames aside: what is damaged
  // is then among the problems().
  void verify_index();

 private:
  friend class FrameDecoder;
  struct Parts;
  explicit ArchiveReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace store
