#pragma once
// The outside of zstd frames, taken apart without trust: what a header claims,
// where a frame ends, and the frames of a file whose tables are lost. Blocking;
// one thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/archive_reader.h"

namespace store {

inline constexpr size_t kMostZstdHeader = 18;
// Stored bytes of a frame that we decode, with room for what can't be made
// smaller.
inline constexpr uint64_t kMostStored =
    kMostInFrame + (kMostInFrame >> 7) + 1024;

struct ZstdHeader {
  size_t size = 0;  // of the header itself
  std::optional<uint64_t> content;
  uint64_t window = 0;  // what decoding takes in memory
  bool has_checksum = false;
  bool has_dictionary = false;
};
// nullopt when `bytes`, up to kMostZstdHeader of them, begin no zstd frame.
std::optional<ZstdHeader> parse_zstd_header(std::string_view bytes);
// What we decode: with content size and checksum, of at most kMostInFrame raw
// bytes. Else why not.
std::optional<std::string> why_refused(const ZstdHeader& header);

struct FoundFrame {
  uint64_t offset = 0;
  uint64_t stored = 0;
  uint64_t size = 0;  // raw
  uint32_t sum = 0;   // ArchiveFrame::sum
  bool operator==(const FoundFrame&) const = default;
};

struct FoundFrames {
  std::vector<FoundFrame> frames;
  // With file name and offset; each a place where frames are lost.
  std::vector<base::Error> problems;
};

// All frames that we decode, by walking from one to the next. Where that leads
// nowhere it goes on at the next place at which a frame can be decoded, asking
// `decodes`. Skippable frames are passed over. Memory is bounded.
base::Result<FoundFrames> walk_frames(
    int fd, const std::string& name, uint64_t file_size,
    const std::function<bool(const FoundFrame&)>& decodes);

base::Error damage(const std::string& name, uint64_t offset,
                   std::string_view what);

}  // namespace store
