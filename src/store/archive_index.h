#pragma once
// The index of an archive as bytes: FORMAT.md says what is where. Here it is
// made and understood; writing, reading and where in a file it lies is for
// archive_writer and archive_reader. Every part has a checksum, since a wrong
// index would hide lines. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/archive_reader.h"

namespace store {

inline constexpr uint32_t kIndexMagic = 0x184D2A5B;    // skippable frame
inline constexpr uint32_t kSeekMagic = 0x184D2A5E;     // skippable frame
inline constexpr uint32_t kSeekEndMagic = 0x8F92EAB1;  // last in the file
inline constexpr size_t kSkippableHeader = 8;
inline constexpr size_t kSeekEntry = 8;
inline constexpr size_t kSeekFooter = 9;
inline constexpr uint16_t kIndexVersion = 1;
inline constexpr size_t kIndexFooter = 48;
inline constexpr size_t kFrameRecord = 64;
inline constexpr size_t kGroupRecord = 40;
// Rows are verified in blocks of this size.
inline constexpr size_t kRowBlock = 4096;
inline constexpr uint32_t kMostGroupFrames = 64;
inline constexpr uint64_t kMostTimes = uint64_t{1} << 22;
inline constexpr uint64_t kMostFrames = uint64_t{1} << 20;

uint64_t checksum(std::string_view bytes);  // XXH3, 64 bits
// Of a frame's stored bytes: the lower half.
uint32_t frame_sum(std::string_view bytes);

// The filter over some frames that follow each other. Offsets are within the
// index. Without slots nothing is known of these frames.
struct FilterGroup {
  uint32_t frames = 0;  // also the bits of a row
  uint32_t slots = 0;   // rows
  uint64_t rows_at = 0;
  uint64_t common_at = 0;
  uint32_t common_size = 0;  // 0: no key is common
  uint64_t common_sum = 0;
  std::vector<uint64_t> sums;  // of each block of rows

  uint32_t rows_in_block() const {
    return static_cast<uint32_t>(kRowBlock * 8 / frames);
  }
  uint32_t blocks() const {
    return slots == 0 ? 0 : (slots - 1) / rows_in_block() + 1;
  }
  // Bytes of one block; all but the last have kRowBlock.
  uint64_t block_size(uint32_t block) const;
  uint64_t rows_size() const;
  bool operator==(const FilterGroup&) const = default;
};

struct ArchiveIndex {
  std::optional<Stream> stream;
  bool stamped = true;
  uint16_t detector = kLevelDetector;
  std::vector<ArchiveFrame> frames;
  std::vector<TimeEntry> times;
  std::vector<FilterGroup> groups;  // none: no filter
};

// What says where the rest is: the last bytes of the index.
struct IndexFooter {
  uint16_t version = kIndexVersion;
  uint32_t compatible = 0;    // flags that may be unknown
  uint32_t incompatible = 0;  // flags that must be known: none is
  uint32_t index_size = 0;    // footer included
  uint32_t meta_size = 0;
  uint64_t data_size = 0;  // bytes of all data frames, before the index frame
  uint64_t meta_sum = 0;
};
std::string encode_footer(const IndexFooter& footer);
// Errc::Invalid when it is damaged, or not to be understood.
base::Result<IndexFooter> decode_footer(std::string_view bytes);

// What follows the rows, without the footer.
std::string encode_meta(const ArchiveIndex& index);
// `rows_size`: bytes of the index before it.
base::Result<ArchiveIndex> decode_meta(std::string_view bytes,
                                       uint64_t rows_size, uint64_t data_size);

// The whole frame, of the data frames and then the index frame of that size.
std::string encode_seek_table(const std::vector<ArchiveFrame>& frames,
                              uint64_t index_frame);
std::string skippable_header(uint32_t magic, uint64_t size);

// As encode_meta() has the times of a log.
std::string encode_times(const std::vector<TimeEntry>& times);

}  // namespace store
