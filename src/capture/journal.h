#pragma once
// What is written down in the spool so that whoever comes after a kill can go
// on, and end with every byte in its file exactly once. Plain words in shared
// memory, host byte order: writer and reader are on one machine.
//
// Every durable transition is one 8-byte store: a record is filled in beside
// the one in force, then its lane's sequence number says which of the two
// counts. A process dies between two instructions, never within a store, and
// all that it stored before is seen by the next; only the compiler must keep
// the order, hence the release stores. Records say what is so *after* the
// step, never by how much something changed: so the last one of each lane may
// be applied again, any number of times.
//
// The steps of a line, and what a death after each of them leaves:
//   1. ReadRecord   of which source how many bytes are about to be read, and
//                   what lies at the end of the place where they will go. If
//                   that is still there, the read did not happen.
//   2. read(2)      the bytes are in the intake: no file has them yet.
//   3. SinkRecord   formatted bytes lie in the spool, and with this store the
//                   source's bytes count as taken. The file's size tells how
//                   much of them it has.
//      or SourceRecord: the bytes are in the source's queue, for later.
//   4. write(2)
//   5. done         the file has them.

#include <array>
#include <atomic>
#include <cstdint>

namespace capture {

using Word = std::atomic<uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8);

template <class Record>
class Lane {
 public:
  const Record& last() const { return records_[sequence() & 1]; }
  uint64_t sequence() const {
    return sequence_.load(std::memory_order_acquire);
  }
  void commit(const Record& record) {
    const uint64_t next = sequence_.load(std::memory_order_relaxed) + 1;
    records_[next & 1] = record;
    sequence_.store(next, std::memory_order_release);
  }

 private:
  Word sequence_;
  Record records_[2];
};

inline constexpr size_t kMarkSize = 16;

struct ReadRecord {
  uint64_t source = 0;                 // index of its entry
  uint64_t size = 0;                   // bytes asked for
  std::array<char, kMarkSize> mark{};  // the last min(size, kMarkSize) bytes
                                       // there before
};

inline constexpr size_t kDropWhys = 3;  // Dropped::Why

// What has been dropped of a source for one reason, in all.
struct DropTotal {
  uint64_t why = 0;
  uint64_t lines = 0;
  uint64_t bytes = 0;
};

// Of one read, how many of its bytes have been taken: into a file, a queue, or
// away.
struct Taken {
  uint64_t read = 0;  // sequence number of the ReadRecord
  uint64_t to = 0;
};

// A source's queue: bytes that were read and may not be written yet. Positions
// are running counts of the bytes that ever went through it.
struct SourceRecord {
  uint64_t at = 0;    // the extent in the spool that holds [base, end)
  uint64_t room = 0;  // its size
  uint64_t base = 0;
  uint64_t end = 0;
  int64_t stamp_us = 0;   // when the first of them was read
  uint64_t skipping = 0;  // the rest of the line that comes next goes: 1, it
                          // has lost its head; 2, all but its '\n', for its
                          // head is in the file
  Taken taken;
  DropTotal dropped;
};

// One write to a live file, and what it means for the source whose bytes it
// brings.
struct SinkRecord {
  uint64_t device = 0;  // of the file
  uint64_t inode = 0;
  uint64_t file_at = 0;  // its size before
  uint64_t out_at = 0;   // what is written, in the spool
  uint64_t out_size = 0;
  uint64_t source = 0;      // index of its entry
  uint64_t source_key = 0;  // and who that was
  uint64_t queue_to = 0;    // its queue is taken up to here
  Taken taken;
  DropTotal dropped;
  int64_t last_stamp_us = 0;  // the greatest of any line in the file
  int64_t line_stamp_us = 0;  // of the line that is open at its end
  uint64_t mid_line = 0;      // one is
  uint64_t owner_id = 0;      // whose; 0 = nobody's that is known
  uint64_t ends_line_of = 0;  // what is written is a newline that is not its
                              // own, for that source: noted before it is there
  uint64_t untried = 0;       // none of it was in the file at the commit, and
                              // whatever its file is now, it is to be written
  uint64_t leaving = 0;       // the file is about to be taken away by us, and
                              // what is written is to be in the next: all of
                              // it, though this one may have its beginning
};

}  // namespace capture
