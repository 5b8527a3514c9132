#include "store/archive_reader.h"

// For ZSTD_d_forceIgnoreChecksum.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <algorithm>
#include <span>

#include "base/fs.h"
#include "store/archive_filter.h"
#include "store/archive_finder.h"
#include "store/archive_index.h"
#include "store/grams.h"
#include "store/packing.h"
#include "store/zstd_frames.h"

namespace store {
namespace {

using base::Errc;

constexpr int kWindowLogMax = 24;
static_assert(uint64_t{1} << kWindowLogMax == kMostInFrame);

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, FreeContext>;

}  // namespace

struct FrameDecoder::Parts {
  Context context;

  // `room` is for the frame's text and, behind it, for the frame as it is
  // stored: one piece of memory for both.
  base::Status decode(int fd, const std::string& name, const FoundFrame& frame,
                      std::span<char> room);

  // Adds the frame's text to `into`; nothing when it fails.
  template <class String>
  base::Status append(int fd, const std::string& name, const FoundFrame& frame,
                      String& into) {
    base::Status status;
    const size_t before = into.size();
    const size_t room = frame.size + frame.stored;
    // What GCC 12 hands to these functions is the capacity, not the size asked.
    into.resize_and_overwrite(before + room, [&](char* at, size_t) {
      status = decode(fd, name, frame, {at + before, room});
      return before + (status ? frame.size : 0);
    });
    return status;
  }
};

struct ArchiveReader::Parts {
  base::UniqueFd fd;
  std::string name;
  FoundArchive found;
  uint64_t raw_size = 0;
  uint64_t lines = 0;
  std::vector<bool> bad_groups;
  FrameDecoder decoder;

  const ArchiveIndex& index() const { return found.index; }
  base::Status decode(const FoundFrame& frame, std::string& into) {
    into.clear();
    return decoder.parts_->append(fd.get(), name, frame, into);
  }
  base::Result<uint64_t> ask_group(size_t number, size_t first,
                                   std::span<const uint32_t> keys);
  void note(base::Error problem) {
    found.problems.push_back(std::move(problem));
  }
};

base::Status FrameDecoder::Parts::decode(int fd, const std::string& name,
                                         const FoundFrame& frame,
                                         std::span<char> room) {
  const auto packed = room.subspan(frame.size);
  if (auto got = read_exactly(fd, packed, frame.offset, name); !got) return got;
  const auto header = parse_zstd_header({packed.data(), packed.size()});
  if (!header) return base::fail(damage(name, frame.offset, "a damaged frame"));
  if (const auto why = why_refused(*header))
    return base::fail(damage(name, frame.offset, *why));
  if (header->content != frame.size)
    return base::fail(damage(name, frame.offset, "a damaged frame"));
  if (!context) {
    context.reset(ZSTD_createDCtx());
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  }
  // Where the library does not know this, the text's checksum is compared.
  const bool sound =
      frame.sum != 0 && frame.sum == frame_sum({packed.data(), packed.size()});
  ZSTD_DCtx_setParameter(
      context.get(), ZSTD_d_forceIgnoreChecksum,
      sound ? ZSTD_d_ignoreChecksum : ZSTD_d_validateChecksum);
  const size_t done = ZSTD_decompressDCtx(
      context.get(), room.data(), frame.size, packed.data(), packed.size());
  if (ZSTD_isError(done) == 0 && done == frame.size) return {};
  return base::fail(
      damage(name, frame.offset,
             ZSTD_isError(done) != 0
                 ? std::string("a damaged frame: ") + ZSTD_getErrorName(done)
                 : "a damaged frame"));
}

FrameDecoder::FrameDecoder() : parts_(std::make_unique<Parts>()) {}
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;
FrameDecoder::~FrameDecoder() = default;

base::Status FrameDecoder::append_frame(const ArchiveReader& archive,
                                        size_t index, base::BigString& into) {
  const auto& parts = *archive.parts_;
  const auto& frame = parts.index().frames[index];
  return parts_->append(parts.fd.get(), parts.name,
                        {frame.offset, frame.stored, frame.size, frame.sum},
                        into);
}

// Bits of the group's frames that may hold them all.
base::Result<uint64_t> ArchiveReader::Parts::ask_group(
    size_t number, size_t first, std::span<const uint32_t> keys) {
  const FilterGroup& group = index().groups[number];
  uint64_t joined = 0;
  for (size_t f = 0; f + 1 < group.frames; ++f)
    if (!index().frames[first + f + 1].begins_line) joined |= uint64_t{1} << f;
  auto may =
      FilterLookup(fd.get(), name, group, found.index_at).find(keys, joined);
  if (!may) return may;
  // A line that goes on in the next group: what of it is here and what there
  // was not looked at together.
  if (!index().frames[first].begins_line) *may |= 1;
  const size_t next = first + group.frames;
  if (next < index().frames.size() && !index().frames[next].begins_line)
    *may |= uint64_t{1} << (group.frames - 1);
  return may;
}

// --- the reader --------------------------------------------------------------

ArchiveReader::ArchiveReader(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader& ArchiveReader::operator=(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

base::Result<ArchiveReader> ArchiveReader::open(base::UniqueFd fd,
                                                std::string name) {
  auto parts = std::make_unique<Parts>();
  auto info = base::fs::fstat(fd.get(), name);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, name + ": not a regular file");
  parts->fd = std::move(fd);
  parts->name = std::move(name);
  std::string scratch;
  auto found = find_archive(parts->fd.get(), parts->name,
                            static_cast<uint64_t>(info->st_size),
                            [&](const FoundFrame& frame) {
                              return parts->decode(frame, scratch).has_value();
                            });
  if (!found) return base::fail(std::move(found.error()));
  parts->found = std::move(*found);
  for (const auto& frame : parts->index().frames) {
    parts->raw_size += frame.size;
    parts->lines += frame.lines;
  }
  parts->bad_groups.resize(parts->index().groups.size());
  return ArchiveReader(std::move(parts));
}

const std::string& ArchiveReader::name() const {
  return parts_->name;
}
const std::vector<ArchiveFrame>& ArchiveReader::frames() const {
  return parts_->index().frames;
}
uint64_t ArchiveReader::size() const {
  return parts_->raw_size;
}
uint64_t ArchiveReader::lines() const {
  return parts_->lines;
}
bool ArchiveReader::has_index() const {
  return parts_->found.has_index;
}
bool ArchiveReader::has_holes() const {
  return parts_->found.has_holes;
}
bool ArchiveReader::has_levels() const {
  return parts_->found.has_index && parts_->index().detector == kLevelDetector;
}
bool ArchiveReader::has_filter() const {
  return std::ranges::any_of(parts_->index().groups,
                             [](const auto& group) { return group.slots > 0; });
}
std::optional<Stream> ArchiveReader::stream() const {
  return parts_->index().stream;
}
std::optional<bool> ArchiveReader::stamped() const {
  if (!parts_->found.has_index) return std::nullopt;
  return parts_->index().stamped;
}
const std::vector<base::Error>& ArchiveReader::problems() const {
  return parts_->found.problems;
}
const std::vector<TimeEntry>& ArchiveReader::times() const {
  return parts_->index().times;
}

base::Status ArchiveReader::read_frame(size_t index, std::string& into) {
  const auto& frame = parts_->index().frames[index];
  auto decoded = parts_->decode({frame.offset, frame.stored, frame.size}, into);
  if (!decoded) into.clear();
  return decoded;
}

base::Status ArchiveReader::filter(std::string_view literal,
                                   [[maybe_unused]] bool ignore_case,
                                   std::vector<bool>& frames) {
  // Keys are folded whether asked or not: the answer is the same.
  const auto keys = gram_keys(literal);
  const auto& all = parts_->index().frames;
  const auto& groups = parts_->index().groups;
  if (keys.empty() || groups.empty()) return {};
  std::vector<bool> may(all.size(), true);
  size_t first = 0;
  for (size_t g = 0; g < groups.size(); first += groups[g++].frames) {
    const auto begin = frames.begin() + static_cast<std::ptrdiff_t>(first);
    if (parts_->bad_groups[g] ||
        std::none_of(begin, begin + groups[g].frames, std::identity()))
      continue;
    auto bits = parts_->ask_group(g, first, keys);
    if (!bits) {
      parts_->bad_groups[g] = true;
      parts_->note(std::move(bits.error()));
      continue;
    }
    for (size_t f = 0; f < groups[g].frames; ++f)
      may[first + f] = (*bits >> f & 1) != 0;
  }
  // Frames that share a line go together.
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    bool any = may[begin];
    for (end = begin + 1; end < all.size() && !all[end].begins_line; ++end)
      any = any || may[end];
    if (any) continue;
    for (size_t f = begin; f < end; ++f) frames[f] = false;
  }
  return {};
}

void ArchiveReader::verify_index() {
  if (!parts_->found.has_index) return;
  std::string head(kSkippableHeader, '\0');
  const uint64_t at = parts_->found.index_at - kSkippableHeader;
  auto got = read_exactly(parts_->fd.get(), head, at, parts_->name);
  Unpacker from(head);
  if (!got)
    parts_->note(std::move(got.error()));
  else if (from.take<uint32_t>() != kIndexMagic ||
           from.take<uint32_t>() != parts_->found.index_size)
    parts_->note(damage(parts_->name, at, "the frame of the index is damaged"));
  const auto& groups = parts_->index().groups;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (parts_->bad_groups[g]) continue;
    auto sound = FilterLookup(parts_->fd.get(), parts_->name, groups[g],
                              parts_->found.index_at)
                     .verify();
    if (sound) continue;
    parts_->bad_groups[g] = true;
    parts_->note(std::move(sound.error()));
  }
}

}  // namespace store
