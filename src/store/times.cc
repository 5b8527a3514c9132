#include "store/times.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/fs.h"
#include "store/names.h"

namespace store {
namespace {

namespace fs = base::fs;
using base::Errc;

constexpr std::string_view kHeader("lodgeidx\1\0\0\0\0\0\0\0", 16);
constexpr size_t kEntry = 16;
constexpr uint64_t kPerBlock = 256;
// So near, a step at a time is cheaper than a search.
constexpr int kSteps = 8;
constexpr uint64_t kProbes = 16;

// O_NONBLOCK: opening a FIFO must not wait for its other end.
constexpr int kWriteFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
constexpr int kReadFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

void put_number(char* into, uint64_t value) {
  for (int i = 0; i < 8; ++i)
    into[i] = static_cast<char>(value >> (8 * i) & 0xff);
}

uint64_t take_number(const char* from) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i)
    value |= uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  return value;
}

TimeEntry take_entry(const char* from) {
  return {take_number(from), {static_cast<int64_t>(take_number(from + 8))}};
}

uint64_t place_of(uint64_t index) {
  return kHeader.size() + index * kEntry;
}

// As much as is there.
base::Result<size_t> read_at(int fd, std::span<char> into, uint64_t offset,
                             std::string_view name) {
  size_t done = 0;
  while (done < into.size()) {
    auto n = fs::pread(fd, into.subspan(done), offset + done, name);
    if (!n) return n;
    if (*n == 0) break;
    done += *n;
  }
  return done;
}

base::Result<bool> has_header(int fd, std::string_view name) {
  char header[kHeader.size()];
  auto n = read_at(fd, header, 0, name);
  if (!n) return base::fail(std::move(n.error()));
  return std::string_view(header, *n) == kHeader;
}

base::Result<TimeEntry> read_entry(int fd, uint64_t index,
                                   std::string_view name) {
  char bytes[kEntry];
  auto n = read_at(fd, bytes, place_of(index), name);
  if (!n) return base::fail(std::move(n.error()));
  if (*n < kEntry)
    return base::fail(Errc::Invalid, std::string(name) + ": cut while read");
  return take_entry(bytes);
}

// A sidecar without entries under a temporary name, renamed over `path`.
base::Result<base::UniqueFd> put_new_file(const std::string& path,
                                          mode_t mode) {
  const std::string temporary =
      fs::join(fs::dir_name(path), fs::temporary_name(fs::base_name(path)));
  auto fd = fs::open(temporary, kWriteFlags | O_CREAT | O_EXCL, mode);
  if (!fd) return fd;
  auto done = fs::write_all(fd->get(), kHeader, temporary);
  if (done) done = fs::rename(temporary, path);
  if (done) return fd;
  (void)fs::unlink(temporary);
  return base::fail(std::move(done.error()));
}

}  // namespace

// --- writing -----------------------------------------------------------------

base::Result<TimesFile> TimesFile::open(const std::string& path,
                                        uint64_t log_size, mode_t mode) {
  TimesFile file(path, mode);
  auto fd = fs::open(path, kWriteFlags);
  if (!fd && fd.error().code != Errc::NotFound)
    return base::fail(std::move(fd.error()));
  if (fd) {
    file.fd_ = std::move(*fd);
    auto adopted = file.adopt(log_size);
    if (!adopted) return base::fail(std::move(adopted.error()));
    if (*adopted) return file;
  }
  if (auto made = file.make_anew(); !made)
    return base::fail(std::move(made.error()));
  return file;
}

// False when it is no sidecar that we understand.
base::Result<bool> TimesFile::adopt(uint64_t log_size) {
  auto info = fs::fstat(fd_.get(), path_);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, "open " + path_ + ": not a regular file");
  auto known = has_header(fd_.get(), path_);
  if (!known || !*known) return known;
  const auto size = static_cast<uint64_t>(info->st_size);
  uint64_t count = (size - kHeader.size()) / kEntry;
  // After a power cut the last entries may be zeros.
  std::optional<TimeEntry> last;
  for (; count > 0; --count) {
    auto entry = read_entry(fd_.get(), count - 1, path_);
    if (!entry) return base::fail(std::move(entry.error()));
    if (entry->offset >= log_size) continue;
    if (count > 1) {
      auto before = read_entry(fd_.get(), count - 2, path_);
      if (!before) return base::fail(std::move(before.error()));
      if (entry->offset <= before->offset) continue;
    }
    last = *entry;
    break;
  }
  last_ = last;
  size_ = place_of(count);
  if (size == size_) return true;
  if (auto cut = fs::truncate(fd_.get(), size_, path_); !cut)
    return base::fail(std::move(cut.error()));
  return true;
}

base::Status TimesFile::make_anew() {
  auto fd = put_new_file(path_, mode_);
  if (!fd) return base::fail(std::move(fd.error()));
  fd_ = std::move(*fd);
  size_ = kHeader.size();
  torn_ = false;
  last_.reset();
  return {};
}

base::Status TimesFile::append(uint64_t offset, base::Timestamp time) {
  if (last_ && offset <= last_->offset) return {};
  if (torn_) {
    auto cut = fs::truncate(fd_.get(), size_, path_);
    if (!cut) return cut;
    torn_ = false;
  }
  char bytes[kEntry];
  put_number(bytes, offset);
  put_number(bytes + 8, static_cast<uint64_t>(time.us));
  auto n = fs::write_some(fd_.get(), {bytes, kEntry}, path_);
  if (!n) return base::fail(std::move(n.error()));
  if (*n < kEntry) {
    torn_ = *n > 0;
    return base::fail(Errc::Io, "write " + path_ + ": no room");
  }
  size_ += kEntry;
  last_ = {offset, time};
  return {};
}

base::Status TimesFile::replace() {
  return make_anew();
}

base::Status TimesFile::replace_closed(const std::string& path) {
  auto info = fs::stat(path);
  if (!info) {
    if (info.error().code == Errc::NotFound) return {};
    return base::fail(std::move(info.error()));
  }
  auto fd = put_new_file(path, info->st_mode & 0777);
  if (!fd) return base::fail(std::move(fd.error()));
  return {};
}

base::Status TimesFile::sync() const {
  return fs::fsync(fd_.get(), path_);
}

std::string format_times(std::span<const TimeEntry> entries) {
  std::string bytes(kHeader);
  bytes.resize(place_of(entries.size()));
  char* at = bytes.data() + kHeader.size();
  for (const auto& entry : entries) {
    put_number(at, entry.offset);
    put_number(at + 8, static_cast<uint64_t>(entry.time.us));
    at += kEntry;
  }
  return bytes;
}

// --- reading -----------------------------------------------------------------

TimesReader::TimesReader(const std::string& log_path, int log_fd)
    : log_path_(log_path), name_(sidecar_name(log_path)) {
  look_again(log_fd);
}
TimesReader::TimesReader(std::vector<TimeEntry> entries)
    : given_(std::move(entries)) {}
TimesReader::TimesReader(TimesReader&&) noexcept = default;
TimesReader& TimesReader::operator=(TimesReader&&) noexcept = default;
TimesReader::~TimesReader() = default;

void TimesReader::look_again(int log_fd) {
  if (is_known() || log_fd < 0) return;
  failed_.reset();
  auto opened = open(log_fd);
  if (!opened) failed_ = std::move(opened.error());
}

base::Status TimesReader::open(int log_fd) {
  auto fd = fs::open(name_, kReadFlags);
  if (!fd) {
    if (fd.error().code == Errc::NotFound) return {};
    return base::fail(std::move(fd.error()));
  }
  auto known = has_header(fd->get(), name_);
  if (!known) return base::fail(std::move(known.error()));
  if (!*known) return {};
  // The log goes after its sidecar: is it still there, then they are a pair.
  const auto here = fs::stat(log_path_);
  auto ours = fs::fstat(log_fd, log_path_);
  if (!ours) return base::fail(std::move(ours.error()));
  if (!here || here->st_dev != ours->st_dev || here->st_ino != ours->st_ino)
    return {};
  fd_ = std::move(*fd);
  return {};
}

void TimesReader::release_buffer() {
  block_.reset();
  block_count_ = 0;
}

base::Result<uint64_t> TimesReader::count() const {
  if (given_) return given_->size();
  auto info = fs::fstat(fd_.get(), name_);
  if (!info) return base::fail(std::move(info.error()));
  const auto size = static_cast<uint64_t>(info->st_size);
  return size < kHeader.size() ? 0 : (size - kHeader.size()) / kEntry;
}

// nullopt beyond the end.
base::Result<std::optional<TimeEntry>> TimesReader::entry(uint64_t index) {
  if (given_) {
    if (index >= given_->size()) return std::nullopt;
    return (*given_)[index];
  }
  if (index < block_first_ || index >= block_first_ + block_count_) {
    if (!block_)
      block_ = std::make_unique_for_overwrite<char[]>(kPerBlock * kEntry);
    block_count_ = 0;
    block_first_ = index / kPerBlock * kPerBlock;
    auto n = read_at(fd_.get(), {block_.get(), kPerBlock * kEntry},
                     place_of(block_first_), name_);
    if (!n) return base::fail(std::move(n.error()));
    block_count_ = *n / kEntry;
    if (index >= block_first_ + block_count_) return std::nullopt;
  }
  return take_entry(block_.get() + (index - block_first_) * kEntry);
}

base::Result<std::optional<base::Timestamp>> TimesReader::at(uint64_t offset) {
  if (failed_) return base::fail(*failed_);
  if (!is_known()) return std::nullopt;
  auto here = entry(cursor_);
  if (!here) return base::fail(std::move(here.error()));
  for (int step = 0; *here && step < kSteps; ++step) {
    if ((*here)->offset > offset) {
      if (cursor_ == 0) return std::nullopt;
      here = entry(--cursor_);
      if (!here) return base::fail(std::move(here.error()));
      continue;
    }
    auto next = entry(cursor_ + 1);
    if (!next) return base::fail(std::move(next.error()));
    if (!*next || (*next)->offset > offset) return (*here)->time;
    here = std::move(next);
    ++cursor_;
  }
  return search(offset);
}

base::Result<std::optional<base::Timestamp>> TimesReader::search(
    uint64_t offset) {
  auto entries = count();
  if (!entries) return base::fail(std::move(entries.error()));
  std::optional<base::Timestamp> found;
  uint64_t low = 0;  // all before begin at `offset` or earlier
  for (uint64_t high = *entries; low < high;) {
    const uint64_t middle = low + (high - low) / 2;
    auto probe = entry(middle);
    if (!probe) return base::fail(std::move(probe.error()));
    if (!*probe || (*probe)->offset > offset) {
      high = middle;
      continue;
    }
    found = (*probe)->time;
    cursor_ = middle;
    low = middle + 1;
  }
  return found;
}

base::Result<std::optional<uint64_t>> TimesReader::find(base::Timestamp time) {
  if (failed_) return base::fail(*failed_);
  if (!is_known()) return std::nullopt;
  auto entries = count();
  if (!entries) return base::fail(std::move(entries.error()));
  std::optional<uint64_t> found;
  uint64_t low = 0;
  for (uint64_t high = *entries; low < high;) {
    const uint64_t middle = low + (high - low) / 2;
    auto probe = entry(middle);
    if (!probe) return base::fail(std::move(probe.error()));
    if (*probe && (*probe)->time < time) {
      low = middle + 1;
      continue;
    }
    if (*probe) found = (*probe)->offset;
    high = middle;
  }
  return found;
}

base::Result<std::vector<TimeEntry>> TimesReader::all() {
  std::vector<TimeEntry> entries;
  if (failed_) return base::fail(*failed_);
  if (!is_known()) return entries;
  for (uint64_t i = 0;; ++i) {
    auto next = entry(i);
    if (!next) return base::fail(std::move(next.error()));
    if (!*next) return entries;
    entries.push_back(**next);
  }
}

base::Result<bool> TimesReader::is_ordered() {
  if (failed_) return base::fail(*failed_);
  if (!is_known()) return false;
  auto entries = count();
  if (!entries) return base::fail(std::move(entries.error()));
  std::optional<TimeEntry> before;
  for (uint64_t i = 0; i <= kProbes && *entries > 0; ++i) {
    auto probe = entry((*entries - 1) * i / kProbes);
    if (!probe) return base::fail(std::move(probe.error()));
    if (!*probe) continue;
    if (before &&
        ((*probe)->time < before->time || (*probe)->offset < before->offset))
      return false;
    before = **probe;
  }
  return true;
}

}  // namespace store
