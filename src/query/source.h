#pragma once
// One history of a query being read: segments, each opened when we come to it,
// then the live file, open all the time; where we are, and the piece or event
// that is next. Lives on the thread that asks.

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/cursor.h"
#include "query/excerpt.h"
#include "query/history.h"
#include "query/hits.h"
#include "query/query.h"
#include "query/records.h"
#include "store/events.h"
#include "store/live_reader.h"
#include "store/log.h"

namespace query {

// What could not be read; the rest is shown all the same.
using Problems = std::vector<base::Error>;

// A place in a sealed file whose lines can't be had.
struct DamagedPart {
  std::string file;
  store::Damage damage;
  bool operator==(const DamagedPart&) const = default;
};

class Source {
 public:
  Source(Origin origin, const Query& query);

  // Takes the files that are there, to read them from the beginning. That
  // there is none (yet) is no error.
  base::Status open();
  void take(History history);
  // Reads another file in place of the live one, from its beginning or, with
  // `same_line`, behind what was given of the line that it begins with a copy
  // of. `sequence`: its number as a segment, or what it will be.
  void adopt(std::unique_ptr<store::Log> log, const struct ::stat& identity,
             uint64_t sequence, bool same_line = false);

  // Files by number: segments from 0 on, then the live file.
  const std::vector<store::Segment>& segments() const { return segments_; }
  // Of all segments that are older than the live file, the last one's.
  uint64_t newest() const { return newest_; }
  // Where reading begins: at the beginning of a line. `inherited` is for lines
  // that have no stamp of their own.
  void begin_at(size_t file, uint64_t offset,
                std::optional<base::Timestamp> inherited = std::nullopt);
  // The same for the live file, once the segments before it were read.
  void begin_live_at(uint64_t offset);
  // Whether segments are left to be read; and leaves them.
  bool in_segments() const { return at_ < segments_.size(); }
  void leave_segments();
  // Whether there may be more behind what could not be read.
  bool goes_on() const { return hits_ != nullptr || in_segments(); }

  // All of these are about the live file.
  bool is_open() const { return live_ != nullptr; }
  store::Log& log() const { return *live_; }
  const struct ::stat& identity() const { return identity_; }
  bool is_file(const struct ::stat& other) const;
  base::Result<uint64_t> size() const;
  // The same, of what was read of its end on the way, if that tells.
  base::Result<uint64_t> read_size();

  // Reads up to `limit` from now on; with `partial`, also a line that has not
  // ended there.
  void allow(uint64_t limit, bool partial);
  // No line in range begins at `end` or later; until allow() says more.
  void narrow(uint64_t end) { limit_ = std::min(limit_, end); }
  uint64_t limit() const { return limit_; }
  // Gives these lines from now on; null: goes on to read, behind the limit.
  void set_hits(std::unique_ptr<Hits> hits, bool backward);
  // Of the hit that was given last.
  HitPlace hit_place() const { return hits_->line().place; }
  // Reads these parts alone, as far as the limit is now.
  void set_excerpts(Excerpts excerpts);
  void end_excerpts();
  bool held() const { return reader_.offset() < limit_; }

  // Goes to the next piece or event in range; false when there is none for
  // now. After an error in a segment, the next call goes on behind it.
  base::Result<bool> advance();
  // The same where the next, of hits, is at hand; false: advance() tells.
  bool advance_at_hand();
  const store::Piece& piece() const { return piece_; }
  const store::Event& event() const { return event_; }
  // Where the line given last begins.
  HitPlace line_place() const { return line_; }
  // The file that it is in, as it was called when it was listed.
  const std::string& path() const {
    return line_.file < segments_.size() ? segments_[line_.file].path
                                         : origin_.path;
  }
  // Of the line given last, which has a time.
  Cursor cursor() const;
  // Gives nothing up to that place of the merged flow; `rank`: whether this
  // source stands before (-1), at or behind (1) the cursor's in it.
  void begin_after(const Cursor& cursor, int rank);
  // The same where a line of this source is known to have been shown last:
  // gives what is behind that, late as it may have come.
  void begin_behind(const Cursor& cursor, const Cursor& shown);
  // Whether lines were passed over since this was asked last.
  bool take_skipped() { return std::exchange(skipped_, false); }
  // What lies before the line given last, which may go on in its record.
  std::optional<RecordBefore> record_before() const;
  bool has_event() const { return origin_.kind == Kind::Events; }
  // What sources are merged by: the stamp, but never less than one before it,
  // nor, going backward, greater.
  std::optional<base::Timestamp> key() const { return key_; }

  // What was met by anyone who reads its files; each is kept once.
  void note_damage(const store::Log& log, const store::Damage& damage);
  const std::vector<DamagedPart>& damaged() const { return damaged_; }

  const Origin& origin() const { return origin_; }
  void relabel(const Origin& origin) { origin_ = origin; }
  std::optional<base::Timestamp> since() const { return since_; }
  std::optional<base::Timestamp> until() const { return until_; }
  store::LiveReader& reader() { return reader_; }

 private:
  bool in_range(std::optional<base::Timestamp> time) const;
  bool in_stretch(const store::Event& event) const;
  bool take_event();
  base::Result<bool> next_piece();
  base::Result<bool> next_hit();
  bool take_hit();
  bool is_passed(std::optional<base::Timestamp> time, HitPlace place) const;
  uint64_t sequence_of(size_t file) const;
  bool in_excerpt(std::optional<base::Timestamp> time);
  base::Status leap();
  std::optional<base::Timestamp> since_in(const store::Segment& segment) const;
  base::Status enter_segment();
  void leave_segment();
  bool pass_damage();
  void enter_live();

  Origin origin_;
  std::optional<base::Timestamp> since_;
  std::optional<base::Timestamp> until_;
  std::unique_ptr<store::Log> live_;
  struct ::stat identity_{};
  std::vector<store::Segment> segments_;
  uint64_t newest_ = 0;
  size_t at_ = 0;                        // the file that reader_ is in
  std::unique_ptr<store::Log> segment_;  // that we have come to
  Problems problems_;                    // of it, still to be told
  std::vector<DamagedPart> damaged_;
  uint64_t segment_limit_ = 0;
  bool segment_cut_ = false;  // we leave it before its end
  // Where to begin in the file we come to next.
  std::optional<uint64_t> begin_;
  std::optional<uint64_t> live_begin_;
  std::optional<base::Timestamp> inherited_;
  store::LiveReader reader_;
  std::unique_ptr<Hits> hits_;
  bool backward_ = false;
  bool has_key_ = false;
  std::optional<Cursor> after_;
  int after_rank_ = 0;
  bool by_place_ = false;             // what after_ tells, whatever the times
  HitPlace line_;                     // of the line that is being read
  uint64_t start_ = 0;                // of the piece that is read next
  std::optional<Excerpts> excerpts_;  // none: everything is read
  size_t excerpt_ = 0;                // that we are in, or come to next
  std::optional<size_t> leapt_to_;    // looked for in this file already
  bool passed_over_ = false;          // lines before, for an excerpt
  bool skipped_ = false;
  uint64_t limit_ = 0;
  bool partial_ = false;
  bool skipping_ = false;  // the line we are in is out of range
  store::Piece piece_;
  std::string event_text_;
  store::Event event_;
  std::optional<base::Timestamp> key_;
};

// All events of the origins that have any.
void read_events(const std::vector<Origin>& origins, Problems& problems,
                 const std::function<void(const store::Event&)>& on_event);

}  // namespace query
