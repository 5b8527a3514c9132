#pragma once
// One source and what has been read of it that no file has yet: the bytes of
// the read under way, which lie in the intake, and its queue, which lies in
// the spool and outlives us. At most one of the two has bytes when the next is
// taken: what the intake leaves over is appended to the queue. Every step is
// one record of the journal. Lives on the capture thread.

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "capture/intake.h"
#include "capture/observer.h"
#include "capture/pipe_reader.h"
#include "capture/spool.h"

namespace capture {

class Source {
 public:
  // `index` of its entry, which may have a queue already. It is freed with
  // release(), not by the destructor: the entry outlives us. `id` as in
  // SourceInfo; 0 for what an earlier daemon left of a source that is gone.
  Source(Spool& spool, uint32_t index, uint64_t id);
  ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  void release();

  uint64_t id() const { return info_.id; }
  // As in the spool: the same for every daemon.
  uint64_t key() const { return key_; }
  uint32_t index() const { return index_; }
  const SourceInfo& info() const { return info_; }

  // The pipe, until its end.
  std::unique_ptr<PipeReader> pipe;

  // Bytes that were just read, with their stamp. A line whose head was dropped
  // loses its rest here.
  void take(const Intake::Bytes& bytes, base::Timestamp stamp);
  // Moves what is left of them to the queue; they are then the spool's again.
  void keep_rest();

  // What waits to be written, in order, in one piece.
  std::string_view waiting() const;
  // When it was read: the beginning of it, that is.
  base::Timestamp stamp() const { return queued() ? queue_stamp_ : stamp_; }
  bool queued() const { return record_.end != entry().queue_to; }
  size_t queue_size() const { return record_.end - entry().queue_to; }

  // Into `record`: that the first `size` waiting bytes are taken; and once the
  // record is committed, what follows from that here.
  void put_taken(size_t size, SinkRecord& record) const;
  void put_dropped(Dropped::Why why, uint64_t lines, uint64_t bytes,
                   SinkRecord& record) const;
  void apply(const SinkRecord& record);

  // Drops the oldest whole lines of the queue until at most `keep` bytes of it
  // are left. `head`: its first line has a beginning on disk, and stays.
  void drop_oldest(size_t keep, bool head, Dropped::Why why);

  // What was dropped and not told yet; told by the call.
  bool tell_dropped(Observer& observer);

  // Applies a record of either lane to an entry, as often as one likes.
  static void apply(SourceEntry& entry, const SourceRecord& record,
                    Spool& spool);
  static void apply(SourceEntry& entry, const SinkRecord& record, Spool& spool);

 private:
  SourceEntry& entry() const { return spool_.source(index_); }
  void append(std::string_view bytes, uint64_t taken_to);
  void drop_range(size_t begin, size_t end, uint64_t skipping,
                  Dropped::Why why);
  void commit(const SourceRecord& record);
  void count(Dropped::Why why, std::string_view bytes, DropTotal& total) const;

  Spool& spool_;
  const uint32_t index_;
  const uint64_t key_;
  const SourceInfo info_;
  SourceRecord record_;  // as committed
  base::Timestamp queue_stamp_;
  std::string_view input_;  // of the intake, not yet taken
  Taken input_from_;
  base::Timestamp stamp_;
  base::Timestamp drop_first_;
  base::Timestamp drop_last_;
};

}  // namespace capture
