#pragma once
// What the index says of a frame's lines: how many, of which levels, from when
// to when, and their grams, which are those of the child's bytes: stamps are
// left out. Frames come in order; one thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/archive_input.h"
#include "store/archive_reader.h"
#include "store/grams.h"
#include "store/line_parser.h"
#include "store/times.h"

namespace store {

class FrameFacts {
 public:
  // `times`: of a log whose lines bear no stamps; outlives this.
  FrameFacts(bool stamped, std::span<const TimeEntry> times);

  // Of the next frame, into those members of `frame` that an index tells, and
  // into `grams` unless that is null.
  void collect(const FrameBytes& bytes, GramBits* grams, ArchiveFrame& frame);

 private:
  void take_line(std::string_view line, ArchiveFrame& frame);
  void take_time(std::optional<base::Timestamp> time);
  void take_times(uint64_t begin, uint64_t end);
  void take_colourless(std::string_view text);
  void take_text(std::string_view bytes) {
    if (wants_grams_) grams_.add(bytes);
  }

  bool stamped_;
  std::span<const TimeEntry> times_;
  size_t entry_ = 0;         // of times_: the first that begins later
  uint64_t line_begin_ = 0;  // of the line that a frame may go on with
  GramCollector grams_;
  bool wants_grams_ = false;
  std::optional<base::Timestamp> now_;  // of the line last seen
  LineParser parser_;
  // Of the frame at work.
  std::optional<base::Timestamp> first_, last_;
  bool timeless_ = false;
};

}  // namespace store
