#include "store/archive_finder.h"

#include <algorithm>
#include <optional>

#include "store/archive_filter.h"
#include "store/packing.h"

namespace store {
namespace {

using base::Errc;

// The end of a file of some hundred frames: its seek table and the index but
// for rows and times.
constexpr uint64_t kTail = 8 << 10;
// Where the seek table is damaged, the index is searched in so much.
constexpr uint64_t kSearchedTail = 1 << 20;

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

class Finder {
 public:
  Finder(int fd, const std::string& name, uint64_t file_size,
         const std::function<bool(const FoundFrame&)>& decodes)
      : fd_(fd), name_(name), file_size_(file_size), decodes_(decodes) {}

  base::Status load();
  FoundArchive take() { return std::move(found_); }

 private:
  base::Status load_tail(Tail& tail, uint64_t count);
  base::Result<std::optional<SeekTable>> find_seek_table(Tail& tail);
  base::Status find_index(Tail& tail, const std::optional<SeekTable>& table);
  base::Status take_index(Tail& tail, uint64_t footer_at);
  bool agrees(const SeekTable& table) const;
  base::Result<bool> take_seek_table(const SeekTable& table);
  base::Status walk();
  void note(uint64_t offset, std::string_view what) {
    found_.problems.push_back(damage(name_, offset, what));
  }

  int fd_;
  const std::string& name_;
  uint64_t file_size_;
  const std::function<bool(const FoundFrame&)>& decodes_;
  FoundArchive found_;
};

base::Status Finder::load_tail(Tail& tail, uint64_t count) {
  count = std::min(count, file_size_);
  if (count <= tail.bytes.size()) return {};
  tail.begin = file_size_ - count;
  tail.bytes.resize(count);
  return read_exactly(fd_, tail.bytes, tail.begin, name_);
}

base::Result<std::optional<SeekTable>> Finder::find_seek_table(Tail& tail) {
  if (file_size_ < kSkippableHeader + kSeekFooter) return std::nullopt;
  Unpacker end(tail.from(file_size_ - kSeekFooter));
  const uint64_t count = end.take<uint32_t>();
  const auto descriptor = end.take<uint8_t>();
  if (end.take<uint32_t>() != kSeekEndMagic) return std::nullopt;
  const bool sums = (descriptor & 0x80) != 0;
  const uint64_t entry = kSeekEntry + (sums ? 4 : 0);
  const uint64_t size = count * entry + kSeekFooter;
  if ((descriptor & 0x7f) != 0 || count > kMostFrames + 1 ||
      size + kSkippableHeader > file_size_)
    return std::nullopt;
  SeekTable table;
  table.at = file_size_ - size - kSkippableHeader;
  if (table.at < tail.begin) {
    auto got = load_tail(tail, file_size_ - table.at + kTail);
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
base::Status Finder::find_index(Tail& tail,
                                const std::optional<SeekTable>& table) {
  if (table) {
    if (table->at < kIndexFooter)
      return base::fail(damage(name_, table->at, "no index"));
    return take_index(tail, table->at - kIndexFooter);
  }
  if (auto got = load_tail(tail, kSearchedTail); !got) return got;
  base::Error error = damage(name_, file_size_, "no index");
  for (size_t at = tail.bytes.rfind("LGIX"); at != std::string::npos;
       at = at == 0 ? std::string::npos : tail.bytes.rfind("LGIX", at - 1)) {
    auto taken = take_index(tail, tail.begin + at);
    if (taken || taken.error().code != Errc::Invalid) return taken;
    error = std::move(taken.error());
  }
  return base::fail(std::move(error));
}

base::Status Finder::take_index(Tail& tail, uint64_t footer_at) {
  if (footer_at < tail.begin) {
    auto got = load_tail(tail, file_size_ - footer_at);
    if (!got) return got;
  }
  const auto footer =
      decode_footer(tail.from(footer_at).substr(0, kIndexFooter));
  if (!footer)
    return base::fail(damage(name_, footer_at, footer.error().message));
  const uint64_t end = footer_at + kIndexFooter;
  if (footer->index_size > end || end - footer->index_size < kSkippableHeader ||
      end - footer->index_size - kSkippableHeader != footer->data_size)
    return base::fail(damage(name_, footer_at, "an index of another file"));
  const uint64_t meta_at = footer_at - footer->meta_size;
  if (meta_at < tail.begin) {
    auto got = load_tail(tail, file_size_ - meta_at);
    if (!got) return got;
  }
  const auto meta = tail.from(meta_at).substr(0, footer->meta_size);
  if (checksum(meta) != footer->meta_sum)
    return base::fail(damage(name_, meta_at, "the index is damaged"));
  auto decoded =
      decode_meta(meta, footer->index_size - kIndexFooter - footer->meta_size,
                  footer->data_size);
  if (!decoded)
    return base::fail(damage(name_, meta_at, decoded.error().message));
  found_.index = std::move(*decoded);
  found_.index_at = end - footer->index_size;
  found_.index_size = footer->index_size;
  found_.has_index = true;
  return {};
}

bool Finder::agrees(const SeekTable& table) const {
  if (table.frames.size() != found_.index.frames.size() + 1) return false;
  for (size_t i = 0; i < found_.index.frames.size(); ++i)
    if (table.frames[i].stored != found_.index.frames[i].stored ||
        table.frames[i].size != found_.index.frames[i].size)
      return false;
  return table.frames.back().size == 0;
}

// False when it does not tell what is in the file.
base::Result<bool> Finder::take_seek_table(const SeekTable& table) {
  std::vector<ArchiveFrame> frames;
  uint64_t begin = 0;
  for (const auto& frame : table.frames) {
    if (frame.size == 0) continue;
    if (frame.stored > kMostStored) return false;
    std::string head(std::min<uint64_t>(kMostZstdHeader, frame.stored), '\0');
    auto got = read_exactly(fd_, head, frame.offset, name_);
    if (!got) return base::fail(std::move(got.error()));
    const auto header = parse_zstd_header(head);
    if (!header || why_refused(*header) || header->content != frame.size)
      return false;
    frames.push_back({frame.offset, frame.stored, begin, frame.size});
    begin += frame.size;
  }
  found_.index.frames = std::move(frames);
  return true;
}

base::Status Finder::walk() {
  auto found = walk_frames(fd_, name_, file_size_, decodes_);
  if (!found) return base::fail(std::move(found.error()));
  found_.has_holes = !found->problems.empty();
  for (auto& problem : found->problems)
    found_.problems.push_back(std::move(problem));
  uint64_t begin = 0;
  for (const auto& frame : found->frames) {
    found_.index.frames.push_back(
        {frame.offset, frame.stored, begin, frame.size});
    begin += frame.size;
  }
  return {};
}

base::Status Finder::load() {
  Tail tail{file_size_, {}};
  if (auto got = load_tail(tail, kTail); !got) return got;
  auto table = find_seek_table(tail);
  if (!table) return base::fail(std::move(table.error()));
  auto found = find_index(tail, *table);
  if (!found && found.error().code != Errc::Invalid) return found;
  if (!found) found_.problems.push_back(std::move(found.error()));
  if (!*table)
    note(file_size_, "the seek table is damaged or missing");
  else if (found_.has_index && !agrees(**table))
    note((*table)->at, "the seek table is damaged");
  if (found_.has_index) return {};
  if (*table) {
    auto taken = take_seek_table(**table);
    if (!taken) return base::fail(std::move(taken.error()));
    if (*taken) return {};
    note((*table)->at, "the seek table does not fit the frames");
  }
  return walk();
}

}  // namespace

base::Result<FoundArchive> find_archive(
    int fd, const std::string& name, uint64_t file_size,
    const std::function<bool(const FoundFrame&)>& decodes) {
  Finder finder(fd, name, file_size, decodes);
  if (auto loaded = finder.load(); !loaded)
    return base::fail(std::move(loaded.error()));
  return finder.take();
}

}  // namespace store
