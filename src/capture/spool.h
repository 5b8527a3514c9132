#pragma once
// The memory of the capture thread that outlives its process: the journal
// (journal.h) with an entry for each source and live file, the intake that
// pipes are read into, and extents for what is formatted or waits. One for all
// apps, sparse: an app at rest costs two entries. Lives on the capture thread;
// after a kill the next daemon opens the same memory and goes on.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/shared_memory.h"
#include "capture/journal.h"
#include "capture/observer.h"

namespace capture {

// Fixed-size form of SourceInfo, for events about a source whose process and
// daemon are gone.
struct SourceEntry {
  Word key;       // key_of(); 0 = free
  Word queue_to;  // taken from the queue up to here
  Word dropped_lines[kDropWhys];
  Word dropped_bytes[kDropWhys];
  Word told_lines[kDropWhys];  // of these, told to the observer
  Word told_bytes[kDropWhys];
  Word sink;  // index of its live file's entry
  Lane<SourceRecord> queue;
  uint64_t generation;
  int32_t app_id;
  int32_t instance;
  uint32_t stream;
  char app[72];
};

struct SinkEntry {
  Word used;
  Word done;  // sequence number of the last write that its file has whole
  Lane<SinkRecord> writes;
  uint32_t path_size;
  char path[660];
};

// Which life and stream it is, the same for every daemon of a home; never 0.
uint64_t key_of(const SourceInfo& info);

class Spool {
 public:
  static constexpr size_t kIntakeSize = size_t{256} << 10;
  static constexpr size_t kMaxSources = 16384;
  static constexpr size_t kMaxSinks = 8192;

  // A new one; with an empty name it is gone with its descriptors.
  static base::Result<Spool> create(const std::string& name);
  // An earlier daemon's. Errc::Invalid: not a spool, or of a Lodge that kept
  // it otherwise.
  static base::Result<Spool> open(base::SharedMemory memory);
  int fd() const { return memory_.fd(); }

  // Entries. Indices are stable.
  base::Result<uint32_t> add_source(const SourceInfo& info, uint32_t sink);
  base::Result<uint32_t> add_sink(std::string_view path);
  void remove_source(uint32_t index);
  void remove_sink(uint32_t index);
  // Its file is not the one of that path any more; the entry stays.
  void forget_path(uint32_t sink) { sinks_[sink].path_size = 0; }
  // Something is announced or queued that no file has yet.
  bool has_unfinished();
  std::optional<uint32_t> find_sink(std::string_view path) const;
  SourceEntry& source(uint32_t index) { return sources_[index]; }
  SinkEntry& sink(uint32_t index) { return sinks_[index]; }
  uint32_t sources_end() const {
    return static_cast<uint32_t>(header().sources_end);
  }
  uint32_t sinks_end() const {
    return static_cast<uint32_t>(header().sinks_end);
  }
  std::optional<uint32_t> find_source(uint64_t key) const;
  static SourceInfo info_of(const SourceEntry& entry, uint64_t id);

  // The intake, and what is known of the read that is in it.
  std::span<char> intake() { return {at(kIntakeAt), kIntakeSize}; }
  Lane<ReadRecord>& reads() { return header().reads; }
  // How far the bytes of the last read have been taken.
  uint64_t taken() const;
  void set_taken(const Taken& taken);
  // The last stamp that was given, over all daemons.
  Word& last_stamp() { return header().last_stamp; }

  // Memory that stays where it is until it is freed.
  struct Extent {
    uint64_t at = 0;
    uint64_t size = 0;
    explicit operator bool() const { return size != 0; }
  };
  base::Result<Extent> allocate(size_t size);
  // Memory is set apart for what one read may still ask for when there is no
  // more to be had. Fails: it is in use, and nothing more may be read.
  // Asked again it may be there again: what was in use has been freed, or there
  // is more.
  base::Status keep_spare();
  // The one that holds what a predecessor put at its beginning.
  static Extent extent_of(uint64_t at, uint64_t size);
  void free(Extent extent);
  char* at(uint64_t offset) { return memory_.data() + offset; }
  std::string_view view(uint64_t offset, size_t size) {
    return {at(offset), size};
  }

 private:
  struct Header {
    uint64_t magic;
    uint32_t major;
    uint32_t minor;
    Lane<ReadRecord> reads;
    Word taken;  // {read, to}, 32 bits each
    Word last_stamp;
    Word sinks_end;  // no entry at or above was ever in use
    Word sources_end;
  };
  static constexpr uint64_t kPage = 4096;
  static constexpr uint64_t kSinksAt = kPage;
  static constexpr uint64_t kSourcesAt = kSinksAt + kMaxSinks * 1024;
  static constexpr uint64_t kIntakeAt = kSourcesAt + kMaxSources * 512;
  static constexpr uint64_t kHeapAt = kIntakeAt + kIntakeSize + kPage;
  static constexpr uint64_t kSize = uint64_t{1} << 30;  // all but a few sparse
  static_assert(sizeof(Header) <= kPage);
  static_assert(sizeof(SinkEntry) <= 1024 && sizeof(SourceEntry) <= 512);

  explicit Spool(base::SharedMemory memory);
  Header& header() const { return *reinterpret_cast<Header*>(memory_.data()); }
  base::Status prepare();
  bool is_sound() const;
  // Free ranges: at, size.
  using Gaps = std::map<uint64_t, uint64_t>;
  // The lines of one read, a queue that moves, and a little; then what some
  // that can't be written may have of it before all must wait.
  static constexpr uint64_t kForRead = uint64_t{1088} << 10;
  static constexpr uint64_t kSpareSize = uint64_t{1536} << 10;
  base::Result<Extent> reserve(uint64_t size);
  bool is_spare(Extent extent) const {
    return spare_ && extent.at >= spare_.at &&
           extent.at < spare_.at + spare_.size;
  }
  void find_used();

  // Array-like access with the entries' stride.
  template <class Entry, uint64_t At, uint64_t Stride>
  struct Table {
    char* data = nullptr;
    Entry& operator[](uint32_t index) const {
      return *reinterpret_cast<Entry*>(data + At + index * Stride);
    }
  };

  base::SharedMemory memory_;
  Table<SinkEntry, kSinksAt, 1024> sinks_;
  Table<SourceEntry, kSourcesAt, 512> sources_;
  uint32_t sinks_reserved_ = 0;
  uint32_t sources_reserved_ = 0;
  // Where the next is likely: a successor asks for all, in their order.
  mutable uint32_t next_sink_ = 0;
  mutable uint32_t next_source_ = 0;
  Gaps free_;  // of the heap
  Extent spare_;
  Gaps spare_free_;
};

}  // namespace capture
