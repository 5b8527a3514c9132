#include "store/archive_index.h"

#include <algorithm>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "store/grams.h"
#include "store/packing.h"
#include "store/zstd_frames.h"

namespace store {
namespace {

using base::Errc;

constexpr std::string_view kName = "LGIX";

// Sections of the meta part. Unknown ones are passed over.
enum class Section : uint32_t { File = 1, Frames = 2, Times = 3, Filter = 4 };

// Bits in a frame's record.
constexpr uint32_t kBeginsLine = 1;
constexpr uint32_t kHasTimes = 2;
constexpr uint32_t kAscii = 4;
constexpr uint32_t kThroughColours = 8;
constexpr uint32_t kUnescaped = 16;

constexpr uint8_t kBothStreams = 2;
constexpr size_t kLeastCommon = 4096;
constexpr size_t kMostCommon = kGramKeys / 8;

base::Result<ArchiveIndex> refuse(std::string why) {
  return base::fail(Errc::Invalid, "index: " + std::move(why));
}

void put_section(std::string& into, Section id, std::string_view bytes) {
  pack(into, static_cast<uint32_t>(id));
  pack(into, static_cast<uint32_t>(bytes.size()));
  into += bytes;
  into.append((8 - bytes.size() % 8) % 8, '\0');
}

std::string encode_file(const ArchiveIndex& index) {
  std::string bytes;
  pack(bytes,
       index.stream ? static_cast<uint8_t>(*index.stream) : kBothStreams);
  pack(bytes, static_cast<uint8_t>(index.stamped ? 1 : 0));
  pack(bytes, index.detector);
  pack(bytes, static_cast<uint32_t>(index.frames.size()));
  return bytes;
}

std::string encode_frames(const std::vector<ArchiveFrame>& frames) {
  std::string bytes;
  bytes.reserve(frames.size() * kFrameRecord);
  for (const auto& frame : frames) {
    const bool timed = frame.first && frame.last;
    pack(bytes, static_cast<uint32_t>(frame.stored));
    pack(bytes, static_cast<uint32_t>(frame.size));
    pack(bytes, static_cast<uint32_t>(frame.lines));
    pack(bytes, (frame.begins_line ? kBeginsLine : 0) |
                    (timed ? kHasTimes : 0) | (frame.ascii ? kAscii : 0) |
                    (frame.through_colours ? kThroughColours : 0) |
                    (frame.unescaped ? kUnescaped : 0));
    pack(bytes, static_cast<uint64_t>(timed ? frame.first->us : 0));
    pack(bytes, static_cast<uint64_t>(timed ? frame.last->us : 0));
    for (const uint32_t count : frame.levels) pack(bytes, count);
    pack(bytes, frame.sum);
  }
  return bytes;
}

std::string encode_filter(const std::vector<FilterGroup>& groups) {
  std::string bytes;
  pack(bytes, kGramScheme);
  pack(bytes, static_cast<uint16_t>(kRowBlock));
  pack(bytes, static_cast<uint32_t>(groups.size()));
  for (const auto& group : groups) {
    pack(bytes, group.frames);
    pack(bytes, group.slots);
    pack(bytes, group.rows_at);
    pack(bytes, group.common_at);
    pack(bytes, group.common_size);
    pack(bytes, uint32_t{0});
    pack(bytes, group.common_sum);
  }
  for (const auto& group : groups)
    for (const uint64_t sum : group.sums) pack(bytes, sum);
  return bytes;
}

bool decode_file(std::string_view bytes, ArchiveIndex& index, uint32_t& count) {
  Unpacker from(bytes);
  const auto stream = from.take<uint8_t>();
  index.stamped = from.take<uint8_t>() != 0;
  index.detector = from.take<uint16_t>();
  count = from.take<uint32_t>();
  if (!from.ok() || stream > kBothStreams || count > kMostFrames) return false;
  if (stream != kBothStreams) index.stream = static_cast<Stream>(stream);
  return true;
}

bool decode_frames(std::string_view bytes, uint64_t data_size,
                   std::vector<ArchiveFrame>& frames) {
  if (bytes.size() % kFrameRecord != 0) return false;
  Unpacker from(bytes);
  ArchiveFrame next;
  while (from.left() > 0) {
    ArchiveFrame frame = next;
    frame.stored = from.take<uint32_t>();
    frame.size = from.take<uint32_t>();
    frame.lines = from.take<uint32_t>();
    const auto flags = from.take<uint32_t>();
    const auto first = static_cast<int64_t>(from.take<uint64_t>());
    const auto last = static_cast<int64_t>(from.take<uint64_t>());
    for (uint32_t& level : frame.levels) level = from.take<uint32_t>();
    frame.sum = from.take<uint32_t>();
    frame.begins_line = (flags & kBeginsLine) != 0;
    frame.ascii = (flags & kAscii) != 0;
    frame.through_colours = (flags & kThroughColours) != 0;
    frame.unescaped = (flags & kUnescaped) != 0;
    if ((flags & kHasTimes) != 0) {
      frame.first = base::Timestamp{first};
      frame.last = base::Timestamp{last};
      if (first > last) return false;
    }
    if (frame.stored == 0 || frame.stored > kMostStored || frame.size == 0 ||
        frame.size > kMostInFrame || frame.lines > frame.size)
      return false;
    next.offset += frame.stored;
    next.begin += frame.size;
    frames.push_back(frame);
  }
  return next.offset == data_size;
}

bool decode_times(std::string_view bytes, std::vector<TimeEntry>& times) {
  Unpacker from(bytes);
  const uint64_t count = from.take_varint();
  if (count > kMostTimes || count > bytes.size()) return false;
  times.reserve(count);
  uint64_t offset = 0, us = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t step = from.take_varint();
    const uint64_t change = from.take_varint();
    if (i > 0 && (step == 0 || offset + step < offset)) return false;
    offset += step;
    us += (change >> 1) ^ (0 - (change & 1));
    times.push_back({offset, {static_cast<int64_t>(us)}});
  }
  return from.ok();
}

bool fits(uint64_t at, uint64_t size, uint64_t all) {
  return at <= all && size <= all - at;
}

bool decode_filter(std::string_view bytes, uint64_t rows_size, uint64_t frames,
                   std::vector<FilterGroup>& groups) {
  Unpacker from(bytes);
  const auto scheme = from.take<uint16_t>();
  const auto block = from.take<uint16_t>();
  const auto count = from.take<uint32_t>();
  if (!from.ok()) return false;
  // Of a scheme to come: there is no filter for us.
  if (scheme != kGramScheme || block != kRowBlock) return true;
  if (count > frames) return false;
  uint64_t covered = 0;
  for (uint32_t i = 0; i < count; ++i) {
    FilterGroup group;
    group.frames = from.take<uint32_t>();
    group.slots = from.take<uint32_t>();
    group.rows_at = from.take<uint64_t>();
    group.common_at = from.take<uint64_t>();
    group.common_size = from.take<uint32_t>();
    from.take<uint32_t>();
    group.common_sum = from.take<uint64_t>();
    if (!from.ok() || group.frames == 0 || group.frames > kMostGroupFrames ||
        group.slots > kGramKeys)
      return false;
    if (group.common_size != 0 &&
        (group.common_size < kLeastCommon || group.common_size > kMostCommon))
      return false;
    if (!fits(group.rows_at, group.rows_size(), rows_size) ||
        !fits(group.common_at, group.common_size, rows_size))
      return false;
    covered += group.frames;
    groups.push_back(std::move(group));
  }
  for (auto& group : groups)
    for (uint32_t i = 0; i < group.blocks(); ++i) {
      group.sums.push_back(from.take<uint64_t>());
      if (!from.ok()) return false;
    }
  return from.ok() && covered == frames;
}

}  // namespace

uint64_t checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint32_t frame_sum(std::string_view bytes) {
  return static_cast<uint32_t>(checksum(bytes));
}

uint64_t FilterGroup::block_size(uint32_t block) const {
  if (block + 1 < blocks()) return kRowBlock;
  const uint64_t rows = slots - uint64_t{block} * rows_in_block();
  return (rows * frames + 7) / 8;
}

uint64_t FilterGroup::rows_size() const {
  if (slots == 0) return 0;
  return (uint64_t{blocks()} - 1) * kRowBlock + block_size(blocks() - 1);
}

std::string encode_footer(const IndexFooter& footer) {
  std::string bytes(kName);
  pack(bytes, footer.version);
  pack(bytes, static_cast<uint16_t>(kIndexFooter));
  pack(bytes, footer.compatible);
  pack(bytes, footer.incompatible);
  pack(bytes, footer.index_size);
  pack(bytes, footer.meta_size);
  pack(bytes, footer.data_size);
  pack(bytes, footer.meta_sum);
  pack(bytes, checksum(bytes));
  return bytes;
}

base::Result<IndexFooter> decode_footer(std::string_view bytes) {
  if (bytes.size() != kIndexFooter || !bytes.starts_with(kName))
    return base::fail(Errc::Invalid, "no index");
  Unpacker from(bytes.substr(kName.size()));
  IndexFooter footer;
  footer.version = from.take<uint16_t>();
  const auto size = from.take<uint16_t>();
  footer.compatible = from.take<uint32_t>();
  footer.incompatible = from.take<uint32_t>();
  footer.index_size = from.take<uint32_t>();
  footer.meta_size = from.take<uint32_t>();
  footer.data_size = from.take<uint64_t>();
  footer.meta_sum = from.take<uint64_t>();
  const auto sum = from.take<uint64_t>();
  if (sum != checksum(bytes.substr(0, kIndexFooter - sizeof sum)))
    return base::fail(Errc::Invalid, "the index is damaged");
  if (footer.version != kIndexVersion || size != kIndexFooter)
    return base::fail(Errc::Invalid, "an index of version " +
                                         std::to_string(footer.version) +
                                         ", which is not known here");
  if (footer.incompatible != 0)
    return base::fail(Errc::Invalid, "an index with flags not known here");
  if (footer.index_size < kIndexFooter ||
      footer.meta_size > footer.index_size - kIndexFooter)
    return base::fail(Errc::Invalid, "the index makes no sense");
  return footer;
}

std::string encode_times(const std::vector<TimeEntry>& times) {
  std::string bytes;
  pack_varint(bytes, times.size());
  uint64_t offset = 0, us = 0;
  for (const auto& entry : times) {
    const auto at = static_cast<uint64_t>(entry.time.us);
    const uint64_t change = at - us;
    pack_varint(bytes, entry.offset - offset);
    pack_varint(bytes, change << 1 ^ (0 - (change >> 63)));
    offset = entry.offset;
    us = at;
  }
  return bytes;
}

std::string encode_meta(const ArchiveIndex& index) {
  std::string bytes;
  put_section(bytes, Section::File, encode_file(index));
  put_section(bytes, Section::Frames, encode_frames(index.frames));
  if (!index.times.empty())
    put_section(bytes, Section::Times, encode_times(index.times));
  if (!index.groups.empty())
    put_section(bytes, Section::Filter, encode_filter(index.groups));
  return bytes;
}

base::Result<ArchiveIndex> decode_meta(std::string_view bytes,
                                       uint64_t rows_size, uint64_t data_size) {
  ArchiveIndex index;
  std::optional<uint32_t> count;
  std::string_view filter;
  bool has_frames = false;
  Unpacker from(bytes);
  while (from.left() > 0) {
    const auto id = static_cast<Section>(from.take<uint32_t>());
    const auto size = from.take<uint32_t>();
    const auto section = from.take_bytes(size);
    from.take_bytes((8 - size % 8) % 8);
    if (!from.ok()) return refuse("a section is cut off");
    if (id == Section::File) {
      if (!decode_file(section, index, count.emplace()))
        return refuse("its first section makes no sense");
    } else if (id == Section::Frames) {
      if (has_frames || !decode_frames(section, data_size, index.frames))
        return refuse("its frames make no sense");
      has_frames = true;
    } else if (id == Section::Times) {
      if (!index.times.empty() || !decode_times(section, index.times))
        return refuse("its times make no sense");
    } else if (id == Section::Filter) {
      filter = section;
    }
  }
  if (!count || !has_frames || *count != index.frames.size())
    return refuse("its frames make no sense");
  if (!filter.empty() &&
      !decode_filter(filter, rows_size, index.frames.size(), index.groups))
    return refuse("its filter makes no sense");
  return index;
}

std::string skippable_header(uint32_t magic, uint64_t size) {
  std::string bytes;
  pack(bytes, magic);
  pack(bytes, static_cast<uint32_t>(size));
  return bytes;
}

std::string encode_seek_table(const std::vector<ArchiveFrame>& frames,
                              uint64_t index_frame) {
  const size_t count = frames.size() + 1;
  auto bytes = skippable_header(kSeekMagic, count * kSeekEntry + kSeekFooter);
  for (const auto& frame : frames) {
    pack(bytes, static_cast<uint32_t>(frame.stored));
    pack(bytes, static_cast<uint32_t>(frame.size));
  }
  pack(bytes, static_cast<uint32_t>(index_frame));
  pack(bytes, uint32_t{0});
  pack(bytes, static_cast<uint32_t>(count));
  pack(bytes, uint8_t{0});  // no checksums here: frames have their own
  pack(bytes, kSeekEndMagic);
  return bytes;
}

}  // namespace store
