#pragma once
// The sidecar of a log whose lines bear no stamps: `api-out.raw.idx` beside
// `api-out.raw.log`, with the time of each batch. A header of 16 bytes, then
// entries of 16: the offset of the first byte that was read at a time, and that
// time. Both grow from one entry to the next. An entry is written before the
// bytes that it tells of, so that whoever sees the bytes can see their time;
// and where files change names or are replaced, the sidecar goes first: a
// reader may then miss times for a moment, but never sees wrong ones.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace store {

struct TimeEntry {
  uint64_t offset = 0;
  base::Timestamp time;
  bool operator==(const TimeEntry&) const = default;
};

// The writing side; on the capture thread, calls may block on the disk.
class TimesFile {
 public:
  // Opens the sidecar (sidecar_name() of names.h), or makes it; its directory
  // must be there. What a crash left of an entry is cut off, and so are entries
  // that tell of nothing: that begin at `log_size`, the size of the log, or
  // later. What is no sidecar (of this version) is replaced by an empty one.
  static base::Result<TimesFile> open(const std::string& path,
                                      uint64_t log_size = UINT64_MAX,
                                      mode_t mode = 0600);

  // The bytes from `offset` on were read at `time`. Nothing is done unless
  // `offset` is greater than that of the last entry: so it may be repeated.
  base::Status append(uint64_t offset, base::Timestamp time);

  // Goes on in a new, empty sidecar, renamed over the old one: to be called
  // before the log itself is replaced, and when it turns out to begin anew.
  base::Status replace();
  // The same for a sidecar nobody writes. A missing one stays so.
  static base::Status replace_closed(const std::string& path);
  base::Status sync() const;  // fsync

  const std::optional<TimeEntry>& last() const { return last_; }
  const std::string& path() const { return path_; }

 private:
  TimesFile(std::string path, mode_t mode)
      : path_(std::move(path)), mode_(mode) {}
  base::Status make_anew();
  base::Result<bool> adopt(uint64_t log_size);

  std::string path_;
  mode_t mode_;
  base::UniqueFd fd_;
  uint64_t size_ = 0;  // of what is whole
  bool torn_ = false;  // more than that is there
  std::optional<TimeEntry> last_;
};

// The bytes of a whole sidecar; offsets grow.
std::string format_times(std::span<const TimeEntry> entries);

// The reading side; one thread each. Where there is no sidecar, or one that
// can't be understood, no time is known.
class TimesReader {
 public:
  // Of the log at `log_path`, opened as `log_fd`. A path that meanwhile names
  // another file has another's sidecar: then no time is known.
  TimesReader(const std::string& log_path, int log_fd);
  // Of what was read from elsewhere: an archive has them within.
  explicit TimesReader(std::vector<TimeEntry> entries);
  TimesReader(TimesReader&&) noexcept;
  TimesReader& operator=(TimesReader&&) noexcept;
  ~TimesReader();

  // When the byte at `offset` was read. Cheap for offsets near the last one.
  base::Result<std::optional<base::Timestamp>> at(uint64_t offset);
  // The first offset that was read at `time` or later; nullopt when all is
  // older.
  base::Result<std::optional<uint64_t>> find(base::Timestamp time);
  // Whether times grow with offsets, as far as a few probes tell.
  base::Result<bool> is_ordered();

  // Every entry there is, in their order.
  base::Result<std::vector<TimeEntry>> all();

  // For a sidecar that was not there. `log_fd` as above.
  void look_again(int log_fd);
  // Gives the buffer back; it is made again when needed.
  void release_buffer();

 private:
  base::Status open(int log_fd);
  base::Result<uint64_t> count() const;
  base::Result<std::optional<TimeEntry>> entry(uint64_t index);
  base::Result<std::optional<base::Timestamp>> search(uint64_t offset);

  bool is_known() const { return fd_ || given_; }

  std::string log_path_;
  std::string name_;
  base::UniqueFd fd_;
  std::optional<std::vector<TimeEntry>> given_;
  std::optional<base::Error> failed_;
  uint64_t cursor_ = 0;  // the entry that answered last
  std::unique_ptr<char[]> block_;
  uint64_t block_first_ = 0;  // index of its first entry
  uint64_t block_count_ = 0;
};

}  // namespace store
