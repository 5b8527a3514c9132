#include "store/archive_reader.h"

#include <zstd.h>

#include <algorithm>
#include <span>

#include "base/fs.h"
#include "store/archive_filter.h"
#include "store/archive_index.h"
#include "store/grams.h"
#include "store/packing.h"
#include "store/zstd_frames.h"

namespace store {
namespace {

using base::Errc;

// The end of a file of some hundred frames: its seek table and the index but
// for rows and times.
constexpr uint64_t kTail = 16 << 10;
// Where the seek table is damaged, the index is searched in so much.
constexpr uint64_t kSearchedTail = 1 << 20;
constexpr int kWindowLogMax = 24;
static_assert(uint64_t{1} << kWindowLogMax == kMostInFrame);

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, FreeContext>;

struct SeekTable {
  uint64_t at = 0;
  std::vector<FoundFrame> frames;  // with those that hold no text
};

// The last bytes of the file.
struct Tail {
  uint64_t begin = 0;
  std::string bytes;
  uint64_t end() const { return begin + bytes.size(); }
  std::string_view from(uint64_t offset) const {
    return std::string_view(bytes).substr(offset - begin);
  }
};

}  // namespace

struct ArchiveReader::Parts {
  base::UniqueFd fd;
  std::string name;
  uint64_t file_size = 0;
  bool has_index = false;
  uint64_t index_at = 0;  // its first byte, after the header of its frame
  ArchiveIndex index;
  uint64_t raw_size = 0;
  uint64_t lines = 0;
  std::vector<bool> bad_groups;
  std::vector<base::Error> problems;
  Context context;
  std::string packed;

  base::Status load();
  base::Status load_tail(Tail& tail, uint64_t count);
  base::Result<std::optional<SeekTable>> find_seek_table(Tail& tail);
  base::Status find_index(Tail& tail, const std::optional<SeekTable>& table);
  base::Status take_index(Tail& tail, uint64_t footer_at);
  bool agrees(const SeekTable& table) const;
  base::Result<bool> take_seek_table(const SeekTable& table);
  base::Status walk();
  base::Status decode(const FoundFrame& frame, std::string& into);
  base::Result<uint64_t> ask_group(size_t number, size_t first,
                                   std::span<const uint32_t> keys);
  void note(uint64_t offset, std::string_view what) {
    problems.push_back(damage(name, offset, what));
  }
};

base::Status ArchiveReader::Parts::load_tail(Tail& tail, uint64_t count) {
  count = std::min(count, file_size);
  if (count <= tail.bytes.size()) return {};
  tail.begin = file_size - count;
  tail.bytes.resize(count);
  return read_exactly(fd.get(), tail.bytes, tail.begin, name);
}

base::Result<std::optional<SeekTable>> ArchiveReader::Parts::find_seek_table(
    Tail& tail) {
  if (file_size < kSkippableHeader + kSeekFooter) return std::nullopt;
  Unpacker end(tail.from(file_size - kSeekFooter));
  const uint64_t count = end.take<uint32_t>();
  const auto descriptor = end.take<uint8_t>();
  if (end.take<uint32_t>() != kSeekEndMagic) return std::nullopt;
  const bool sums = (descriptor & 0x80) != 0;
  const uint64_t entry = kSeekEntry + (sums ? 4 : 0);
  const uint64_t size = count * entry + kSeekFooter;
  if ((descriptor & 0x7f) != 0 || count > kMostFrames + 1 ||
      size + kSkippableHeader > file_size)
    return std::nullopt;
  SeekTable table;
  table.at = file_size - size - kSkippableHeader;
  if (table.at < tail.begin) {
    auto got = load_tail(tail, file_size - table.at + kTail);
    if (!got) return base::fail(std::move(got.error()));
  }
  Unpacker from(tail.from(table.at));
  if (from.take<uint32_t>() != kSeekMagic || from.take<uint32_t>() != size)
    return std::nullopt;
  uint64_t offset = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t stored = from.take<uint32_t>();
    const uint64_t raw = from.take<uint32_t>();
    if (sums) from.take<uint32_t>();
    table.frames.push_back({offset, stored, raw});
    offset += stored;
  }
  if (!from.ok() || offset != table.at) return std::nullopt;
  return table;
}

// An error, Errc::Invalid, when there is none to be used.
base::Status ArchiveReader::Parts::find_index(
    Tail& tail, const std::optional<SeekTable>& table) {
  if (table) {
    if (table->at < kIndexFooter)
      return base::fail(damage(name, table->at, "no index"));
    return take_index(tail, table->at - kIndexFooter);
  }
  if (auto got = load_tail(tail, kSearchedTail); !got) return got;
  base::Error error = damage(name, file_size, "no index");
  for (size_t at = tail.bytes.rfind("LGIX"); at != std::string::npos;
       at = at == 0 ? std::string::npos : tail.bytes.rfind("LGIX", at - 1)) {
    auto taken = take_index(tail, tail.begin + at);
    if (taken || taken.error().code != Errc::Invalid) return taken;
    error = std::move(taken.error());
  }
  return base::fail(std::move(error));
}

base::Status ArchiveReader::Parts::take_index(Tail& tail, uint64_t footer_at) {
  if (footer_at < tail.begin) {
    auto got = load_tail(tail, file_size - footer_at);
    if (!got) return got;
  }
  const auto footer =
      decode_footer(tail.from(footer_at).substr(0, kIndexFooter));
  if (!footer)
    return base::fail(damage(name, footer_at, footer.error().message));
  const uint64_t end = footer_at + kIndexFooter;
  if (footer->index_size > end || end - footer->index_size < kSkippableHeader ||
      end - footer->index_size - kSkippableHeader != footer->data_size)
    return base::fail(damage(name, footer_at, "an index of another file"));
  const uint64_t meta_at = footer_at - footer->meta_size;
  if (meta_at < tail.begin) {
    auto got = load_tail(tail, file_size - meta_at);
    if (!got) return got;
  }
  const auto meta = tail.from(meta_at).substr(0, footer->meta_size);
  if (checksum(meta) != footer->meta_sum)
    return base::fail(damage(name, meta_at, "the index is damaged"));
  auto decoded =
      decode_meta(meta, footer->index_size - kIndexFooter - footer->meta_size,
                  footer->data_size);
  if (!decoded)
    return base::fail(damage(name, meta_at, decoded.error().message));
  index = std::move(*decoded);
  index_at = end - footer->index_size;
  has_index = true;
  return {};
}

bool ArchiveReader::Parts::agrees(const SeekTable& table) const {
  if (table.frames.size() != index.frames.size() + 1) return false;
  for (size_t i = 0; i < index.frames.size(); ++i)
    if (table.frames[i].stored != index.frames[i].stored ||
        table.frames[i].size != index.frames[i].size)
      return false;
  return table.frames.back().size == 0;
}

// False when it does not tell what is in the file.
base::Result<bool> ArchiveReader::Parts::take_seek_table(
    const SeekTable& table) {
  std::vector<ArchiveFrame> frames;
  uint64_t begin = 0;
  for (const auto& frame : table.frames) {
    if (frame.size == 0) continue;
    if (frame.stored > kMostStored) return false;
    std::string head(std::min<uint64_t>(kMostZstdHeader, frame.stored), '\0');
    auto got = read_exactly(fd.get(), head, frame.offset, name);
    if (!got) return base::fail(std::move(got.error()));
    const auto header = parse_zstd_header(head);
    if (!header || why_refused(*header) || header->content != frame.size)
      return false;
    frames.push_back({frame.offset, frame.stored, begin, frame.size});
    begin += frame.size;
  }
  index.frames = std::move(frames);
  return true;
}

base::Status ArchiveReader::Parts::walk() {
  std::string scratch;
  auto found =
      walk_frames(fd.get(), name, file_size, [&](const FoundFrame& frame) {
        return frame.stored <= kMostStored && decode(frame, scratch);
      });
  if (!found) return base::fail(std::move(found.error()));
  for (auto& problem : found->problems) problems.push_back(std::move(problem));
  uint64_t begin = 0;
  for (const auto& frame : found->frames) {
    index.frames.push_back({frame.offset, frame.stored, begin, frame.size});
    begin += frame.size;
  }
  return {};
}

base::Status ArchiveReader::Parts::load() {
  Tail tail{file_size, {}};
  if (auto got = load_tail(tail, kTail); !got) return got;
  auto table = find_seek_table(tail);
  if (!table) return base::fail(std::move(table.error()));
  auto found = find_index(tail, *table);
  if (!found && found.error().code != Errc::Invalid) return found;
  if (!found) problems.push_back(std::move(found.error()));
  if (!*table)
    note(file_size, "the seek table is damaged or missing");
  else if (has_index && !agrees(**table))
    note((*table)->at, "the seek table is damaged");
  if (has_index) return {};
  if (*table) {
    auto taken = take_seek_table(**table);
    if (!taken) return base::fail(std::move(taken.error()));
    if (*taken) return {};
    note((*table)->at, "the seek table does not fit the frames");
  }
  return walk();
}

base::Status ArchiveReader::Parts::decode(const FoundFrame& frame,
                                          std::string& into) {
  into.clear();
  // What GCC 12 hands to these functions is the capacity, not the size asked.
  packed.resize_and_overwrite(frame.stored,
                              [&](char*, size_t) { return frame.stored; });
  if (auto got = read_exactly(fd.get(), packed, frame.offset, name); !got)
    return got;
  const auto header = parse_zstd_header(packed);
  if (!header) return base::fail(damage(name, frame.offset, "a damaged frame"));
  if (const auto why = why_refused(*header))
    return base::fail(damage(name, frame.offset, *why));
  if (header->content != frame.size)
    return base::fail(damage(name, frame.offset, "a damaged frame"));
  if (!context) {
    context.reset(ZSTD_createDCtx());
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  }
  size_t done = 0;
  into.resize_and_overwrite(frame.size, [&](char* at, size_t) {
    done = ZSTD_decompressDCtx(context.get(), at, frame.size, packed.data(),
                               packed.size());
    return done == frame.size ? done : 0;
  });
  if (ZSTD_isError(done) == 0 && done == frame.size) return {};
  return base::fail(
      damage(name, frame.offset,
             ZSTD_isError(done) != 0
                 ? std::string("a damaged frame: ") + ZSTD_getErrorName(done)
                 : "a damaged frame"));
}

// Bits of the group's frames that may hold them all.
base::Result<uint64_t> ArchiveReader::Parts::ask_group(
    size_t number, size_t first, std::span<const uint32_t> keys) {
  const FilterGroup& group = index.groups[number];
  uint64_t joined = 0;
  for (size_t f = 0; f + 1 < group.frames; ++f)
    if (!index.frames[first + f + 1].begins_line) joined |= uint64_t{1} << f;
  auto may = FilterLookup(fd.get(), name, group, index_at).find(keys, joined);
  if (!may) return may;
  // A line that goes on in the next group: what of it is here and what there
  // was not looked at together.
  if (!index.frames[first].begins_line) *may |= 1;
  const size_t next = first + group.frames;
  if (next < index.frames.size() && !index.frames[next].begins_line)
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
  parts->file_size = static_cast<uint64_t>(info->st_size);
  parts->fd = std::move(fd);
  parts->name = std::move(name);
  if (auto loaded = parts->load(); !loaded)
    return base::fail(std::move(loaded.error()));
  for (const auto& frame : parts->index.frames) {
    parts->raw_size += frame.size;
    parts->lines += frame.lines;
  }
  parts->bad_groups.resize(parts->index.groups.size());
  return ArchiveReader(std::move(parts));
}

const std::string& ArchiveReader::name() const {
  return parts_->name;
}
const std::vector<ArchiveFrame>& ArchiveReader::frames() const {
  return parts_->index.frames;
}
uint64_t ArchiveReader::size() const {
  return parts_->raw_size;
}
uint64_t ArchiveReader::lines() const {
  return parts_->lines;
}
bool ArchiveReader::has_index() const {
  return parts_->has_index;
}
bool ArchiveReader::has_levels() const {
  return parts_->has_index && parts_->index.detector == kLevelDetector;
}
bool ArchiveReader::has_filter() const {
  return std::ranges::any_of(parts_->index.groups,
                             [](const auto& group) { return group.slots > 0; });
}
std::optional<Stream> ArchiveReader::stream() const {
  return parts_->index.stream;
}
std::optional<bool> ArchiveReader::stamped() const {
  if (!parts_->has_index) return std::nullopt;
  return parts_->index.stamped;
}
const std::vector<base::Error>& ArchiveReader::problems() const {
  return parts_->problems;
}
const std::vector<TimeEntry>& ArchiveReader::times() const {
  return parts_->index.times;
}

base::Status ArchiveReader::read_frame(size_t index, std::string& into) {
  const auto& frame = parts_->index.frames[index];
  auto decoded = parts_->decode({frame.offset, frame.stored, frame.size}, into);
  if (!decoded) into.clear();
  return decoded;
}

base::Status ArchiveReader::filter(std::string_view literal,
                                   [[maybe_unused]] bool ignore_case,
                                   std::vector<bool>& frames) {
  // Keys are folded whether asked or not: the answer is the same.
  const auto keys = gram_keys(literal);
  const auto& all = parts_->index.frames;
  const auto& groups = parts_->index.groups;
  if (keys.empty() || groups.empty()) return {};
  std::vector<bool> may(all.size(), true);
  size_t first = 0;
  for (size_t g = 0; g < groups.size(); first += groups[g++].frames) {
    const auto begin = frames.begin() + static_cast<std::ptrdiff_t>(first);
    if (parts_->bad_groups[g] ||
        std::none_of(begin, begin + groups[g].frames, std::identity()))
      continue;
    const auto bits = parts_->ask_group(g, first, keys);
    if (!bits) {
      parts_->bad_groups[g] = true;
      parts_->problems.push_back(bits.error());
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
  if (!parts_->has_index) return;
  std::string head(kSkippableHeader, '\0');
  const uint64_t at = parts_->index_at - kSkippableHeader;
  auto got = read_exactly(parts_->fd.get(), head, at, parts_->name);
  Unpacker from(head);
  if (!got)
    parts_->problems.push_back(std::move(got.error()));
  else if (from.take<uint32_t>() != kIndexMagic)
    parts_->note(at, "the frame of the index is damaged");
  const auto& groups = parts_->index.groups;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (parts_->bad_groups[g]) continue;
    auto sound = FilterLookup(parts_->fd.get(), parts_->name, groups[g],
                              parts_->index_at)
                     .verify();
    if (sound) continue;
    parts_->bad_groups[g] = true;
    parts_->problems.push_back(std::move(sound.error()));
  }
}

}  // namespace store
