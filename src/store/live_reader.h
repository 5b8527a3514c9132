#pragma once
// Reading live files while they grow, in bounded memory whatever the length of
// a line. LiveReader goes forward and gives lines in pieces; BackwardLines
// walks line by line from the end; last_stamped finds a stamp; find_range
// narrows a file to a range of stamps without reading it. All borrow the log
// (log.h), take no lock and live on one thread. Lines of a log without stamps
// take their times from its sidecar (times.h).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/line.h"
#include "store/log.h"

namespace store {

// A line, or a part of one that is long or not yet ended.
struct Piece {
  // The line's stamp; that of the line before when it has none; absent when no
  // line before it has one either.
  std::optional<base::Timestamp> time;
  std::string_view text;  // the child's bytes; valid until the next call
  bool begins = false;    // first of its line
  bool ends = false;      // '\n' followed
};

// What a line begins with.
struct Head {
  bool known = false;  // false: it is not there yet, or not whole
  std::optional<base::Timestamp> stamp;
};
// Of the line that begins at `offset`.
base::Result<Head> read_head(Log& log, uint64_t offset);

class LiveReader {
 public:
  LiveReader() = default;  // of nothing: next() only after restart()
  explicit LiveReader(Log& log) : log_(&log) {}

  // Goes to the beginning of a line. `inherited` is the stamp for lines that
  // have none of their own.
  void seek(uint64_t line_start,
            std::optional<base::Timestamp> inherited = std::nullopt);
  // Reads another log, from its beginning; null: none.
  void restart(Log* log) {
    log_ = log;
    seek(0);
  }
  // Goes on in another log that begins with a copy of the current line: its
  // first `given()` bytes of text are passed over.
  void move_to(Log& log);

  // The next piece of what lies before `limit`. False when there is none: then
  // nothing was consumed. Unless `partial`, a line whose '\n' is not before
  // `limit` stays unread; its bytes are not held in memory.
  base::Result<bool> next(uint64_t limit, bool partial, Piece& piece);

  // What was read and not given is read again: the file was cut.
  void forget();
  // Reads what follows, if all of the buffer was given: where the file ends, if
  // the buffer shows it. Then next() up to there asks the system for nothing.
  base::Result<std::optional<uint64_t>> read_to_end();

  // Whether more was read than was given.
  bool has_unread() const { return position_ < buffer_start_ + buffer_size_; }

  // Of the line that next() would begin.
  base::Result<Head> next_head();

  // First byte that was not given.
  uint64_t offset() const { return position_; }
  bool mid_line() const { return mid_line_; }
  // Of the line we are in: its stamp, and how much of its text was given.
  std::optional<base::Timestamp> line_time() const { return time_; }
  uint64_t given() const { return mid_line_ ? given_ : 0; }
  // Gives the buffer back; it is made again when needed.
  void release_buffer();

 private:
  std::string_view window(uint64_t limit) const;
  base::Result<size_t> fill(uint64_t limit, size_t at_least);
  base::Result<bool> find_newline(uint64_t limit);
  base::Result<bool> begin_line(uint64_t limit);
  void take_stamp(const Line& line, size_t head_size);

  Log* log_ = nullptr;
  std::unique_ptr<char[]> buffer_;
  uint64_t buffer_start_ = 0;  // offset in the file
  size_t buffer_size_ = 0;     // bytes that are valid
  uint64_t position_ = 0;
  uint64_t scanned_ = 0;             // no '\n' between position_ and here
  std::optional<uint64_t> newline_;  // the first one from position_ on
  std::optional<base::Timestamp> time_;
  bool mid_line_ = false;
  uint64_t stamp_size_ = 0;  // of the line we are in; what of it is not text
  uint64_t given_ = 0;
};

// Lines from the end of a file to its beginning.
class BackwardLines {
 public:
  struct Mark {
    uint64_t start = 0;
    uint64_t end = 0;   // without '\n'
    bool ended = true;  // false: the file ends in this line
    bool torn = false;  // the file ends within its stamp: no line yet
    std::optional<base::Timestamp> stamp;  // its own
  };
  // PlacesOnly: marks say neither `torn` nor `stamp`. The log is then asked for
  // nothing but bytes, so that other threads may ask a file meanwhile.
  enum class Reads { Stamps, PlacesOnly };

  // Begins with the last line that begins before `end`.
  BackwardLines(Log& log, uint64_t end, Reads reads = Reads::Stamps)
      : log_(&log), reads_(reads), end_(end) {}
  // The line before the one returned last; nullopt at the beginning.
  base::Result<std::optional<Mark>> previous();

 private:
  base::Status load_before(uint64_t end);
  base::Status read_stamp(Mark& mark);

  Log* log_;
  Reads reads_;
  std::unique_ptr<char[]> block_;
  uint64_t block_start_ = 0;
  size_t block_size_ = 0;
  uint64_t end_;  // everything before is still to be walked
};

struct StampedLine {
  uint64_t start = 0;
  base::Timestamp stamp;
};
// The last line that begins in [begin, end), each where a line begins, and
// bears a stamp. For logs whose lines do: where they bear none after all, it
// goes through them much faster than line by line.
base::Result<std::optional<StampedLine>> last_stamped(Log& log, uint64_t begin,
                                                      uint64_t end);

// Where the last line that has no '\n' begins; `size` when there is none.
base::Result<uint64_t> end_of_lines(Log& log, uint64_t size);

// Offsets between which all lines with stamps in [since, until) lie; more may
// lie there too, so look at each line's stamp. Searches by halves, with a
// margin for small disorder; where the stamps probed are not in order, the
// whole file is the range.
base::Result<Range> find_range(Log& log, uint64_t size,
                               std::optional<base::Timestamp> since,
                               std::optional<base::Timestamp> until);

}  // namespace store
