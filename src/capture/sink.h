#pragma once
// A live file with the sources that write it. Decides what is to be done to the
// file next, one operation at a time: whose bytes, stamped how; that it be
// opened, flushed, sealed. Who may write next is line_arbiter.h's to say, how a
// line looks formatter.h's, what survives a kill journal.h's; the operations
// are performed elsewhere, as they may block (sink_file.h, hands.h). Lives on
// the capture thread; never blocks.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "capture/formatter.h"
#include "capture/line_arbiter.h"
#include "capture/rate.h"
#include "capture/requests.h"
#include "capture/seal_asks.h"
#include "capture/sink_file.h"
#include "capture/sink_spec.h"
#include "capture/source.h"
#include "capture/spool.h"
#include "capture/stamper.h"
#include "capture/unsynced.h"

namespace capture {

class Sink final : private LineArbiter::Waiting {
 public:
  // A file as it was when its last sink let it go.
  struct Left {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t size = 0;
    Held held;
  };
  // What all sinks of a capture thread share; outlives them.
  struct Bench {
    base::EventLoop& loop;
    const base::Clock& clock;
    Observer& observer;
    Spool& spool;
    Stamper stamper;
    Spool::Extent out;  // where lines are formatted, one sink after the other
    // When a live file was last replaced, by path; of the last seconds.
    std::map<std::string, base::MonoTime> replaced;
    // Files that nobody writes for now, by path.
    std::map<std::string, Left> left;
  };
  static constexpr size_t kOutSize = size_t{512} << 10;

  // `entry`: index of its entry in the spool, which may tell of a write that a
  // predecessor began. `on_due` is called when work() has something to do.
  // Errc::Invalid: its options can't be honoured.
  static base::Result<std::unique_ptr<Sink>> make(Bench& bench,
                                                  const SinkSpec& spec,
                                                  uint32_t entry,
                                                  std::function<void()> on_due);

  ~Sink() override;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // `adopted`: the source may be in the middle of the line that the file ends
  // with.
  void attach(Source& source, bool adopted);
  // More of `source` waits.
  void more(Source& source);
  // It brings nothing more. What waits of it still comes; is_done() says when
  // nothing does.
  void end(Source& source);
  bool is_done(const Source& source) const;
  void detach(Source& source);
  // How many bytes may be read from `source` now; 0: leave its pipe alone.
  size_t room(const Source& source) const;

  // Puts an empty file in place of the live file: at a line end, which is
  // waited for up to 100 ms; after that the line's head moves along. A file
  // that took another's place is not replaced before kReplaceSpacing, so that
  // whoever follows the path has seen it. None that is no older than
  // `older_than`: it is told to be too young, and stays.
  void replace(base::MonoTime older_than, std::function<void(Replaced)> done);
  // Seals the live file as its size would: at a line end. One that nobody
  // writes is ended there, if it must be, and never made if it is missing.
  void seal(std::optional<base::Timestamp> begun_before, SealAsks::Done done);
  // Looks now whether the path still names the file, and opens it anew if not;
  // `done` is told if so, after a second at the latest.
  void look(std::function<void(bool reopened)> done);
  // As of the last operation.
  LiveState state() const;
  // Everything that waits is to come out now.
  void finish();
  // It goes away, or gives way to another: who waits for anything is answered.
  void abandon();

  // The next operation, ready to be performed; false: there is none.
  bool prepare();
  SinkFile& file() { return file_; }
  bool busy() const { return busy_; }  // from prepare() to settle()
  // Lines that may be written are not. Not to be asked while busy().
  bool blocked() const {
    return !discards_ && (!file_.is_open() || !rest_.empty());
  }
  // It was performed, and took so long.
  void settle(base::MonoTime::duration took);

  // Its operations are performed elsewhere from now on, for a while. What the
  // one under way writes stays where it is; the bench needs another `out`.
  void set_slow();
  // The one that was prepared is performed elsewhere.
  void set_elsewhere() { elsewhere_ = true; }
  bool slow() const;
  // Nothing of the bench is in the operation under way.
  bool may_go_elsewhere() const { return !rest_in_bench_; }

  // Nobody writes it, nothing is left to write, and nobody waits for it.
  bool idle() const;
  // It is let go: who opens the file next is told what became of it meanwhile.
  void remember();
  // What could not be written when everything should have been.
  size_t unwritten() const { return rest_.size(); }
  const std::string& path() const { return file_.path(); }
  const SinkOptions& options() const { return options_; }
  // From now on.
  void set_max_size(uint64_t bytes) { options_.max_size = bytes; }
  uint32_t entry_index() const { return entry_; }
  // Which disk it is on: the device, or as long as that is unknown some number
  // that other files of its directory have too.
  uint64_t disk() const;
  // What is not sure to survive a cut of the power, as sync `interval` has it;
  // its own to see to from then on. Not to be asked while busy().
  Unsynced take_unsynced();

 private:
  struct Looking {
    std::vector<std::function<void(bool)>> done;
    base::MonoTime deadline;
    bool checked = false;   // or that is under way
    bool reopened = false;  // or that is
  };
  struct Replacing {
    std::vector<std::function<void(Replaced)>> done;
    base::MonoTime earliest;
    base::MonoTime deadline;  // then in mid-line too
    base::MonoTime older_than;
  };

  Sink(Bench& bench, const SinkSpec& spec, uint32_t entry, Formatter formatter,
       std::function<void()> on_due);

  std::string_view waiting(uint64_t source) const override;

  // Lines (sink.cc).
  bool prepare_lines(base::MonoTime now);
  bool discard(base::MonoTime now);
  bool write_lines(Source& source, std::string_view bytes, base::MonoTime now);
  void drop(Source& source, size_t size, Dropped::Why why, base::MonoTime now);
  bool end_line(uint64_t source);
  // The note of it is made before the newline is written, by who writes it.
  void note_line_ended(uint64_t source, SinkFile::Op& op) const;
  bool settle_tail(base::MonoTime now);
  std::optional<uint64_t> owner_of_tail() const;
  SinkRecord next_record() const;
  void commit(const SinkRecord& record);
  Spool::Extent& out();

  // The disk (sink_disk.cc, sink_leaving.cc).
  bool dropping() const;
  SinkFile::Op& begin(SinkFile::Kind kind);
  void begin_write();
  void opened();
  void recover();
  void wrote();
  void write_done();
  void file_has_all();
  void refused(const base::Error& error);
  void keep_rest_apart();
  void move_rest(std::string_view before);
  void move_rest(std::string_view before, SinkRecord record);
  bool prepare_taking_away();
  void headed();
  void put_head_back();
  void goes_on_elsewhere();
  void drop_rest();
  void limit_queue(Source& source);
  void checked();
  void leave(std::string_view why);
  Held held();
  void compare_with_left();
  void begin_anew();
  bool may_replace(base::MonoTime now) const;
  bool is_too_young() const;
  void spare_young();
  void replaced();
  bool seal_due() const;
  bool may_seal(base::MonoTime now) const;
  void sealed();
  void note_new_name();
  void note_segment(const std::string& segment);

  // What is asked for (sink_requests.cc).
  bool writes() const;
  bool needs_file() const;
  void begin_open();
  void expire(base::MonoTime now);
  void answer_look();
  void trouble(const base::Error& error);
  void set_full(bool full);
  void tell_dropped();

  Source* find(uint64_t source) const;
  const SourceInfo& info(uint64_t source) const;
  void rearm(base::MonoTime now);

  Bench& bench_;
  SinkOptions options_;
  const uint32_t entry_;
  const std::function<void()> on_due_;
  const bool discards_;  // "/dev/null"
  SinkFile file_;
  Formatter formatter_;
  LineArbiter arbiter_;
  Rate rate_;
  std::vector<Source*> sources_;
  SourceInfo last_info_;  // trouble must have a name when all have ended
  std::optional<uint64_t> adopted_;  // the first source, if adopted alone
  bool busy_ = false;
  bool elsewhere_ = false;  // and file_ is another thread's meanwhile
  bool finishing_ = false;

  // What has been formatted: whether a line is open, its stamp, the greatest.
  bool mid_line_ = false;
  std::optional<base::Timestamp> line_stamp_;
  base::Timestamp last_stamp_;
  uint64_t steps_back_ = 0;  // of the clock, that our stamps have followed
  // A line found open in the file when it was opened, whose source is not yet
  // known.
  bool tail_unsettled_ = false;
  // What is on disk: whether its last line is open. Differs from mid_line_
  // only while a write is not done.
  bool disk_mid_line_ = false;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  std::optional<base::MonoTime> born_at_;  // if it was empty when we had it
  bool recovering_ = false;  // a predecessor's write is to be looked into

  std::optional<uint64_t> unnoted_;  // whose line the next write ends
  std::string_view rest_;            // formatted and not written, in the spool
  Spool::Extent own_out_;  // it lies there, or is formatted there while slow
  bool rest_in_bench_ = false;
  std::optional<base::MonoTime> retry_at_;
  base::Millis retry_delay_{};
  std::optional<std::pair<base::Errc, int>> told_;  // kind of the last trouble
  std::optional<base::MonoTime> full_since_;
  std::optional<base::MonoTime> tell_at_;
  base::MonoTime checked_at_;
  std::optional<base::MonoTime> slow_until_;
  bool leaving_ = false;  // the file, which is not ours any more
  bool end_line_first_ = false;
  // The file is about to be taken away: what the next one begins with is
  // announced, and the first so many bytes of rest_ are in this one too.
  std::optional<size_t> moved_head_;
  uint64_t head_at_ = 0;
  std::optional<base::MonoTime> held_until_;     // no hand for a segment
  std::optional<base::MonoTime> seal_again_at_;  // it failed
  bool suspect_ = false;  // a write failed for good: the file is to be sealed
  bool ahead_ = false;    // its stamps are: likewise
  Unsynced unsynced_;

  std::optional<Replacing> replacing_;
  std::optional<Looking> looking_;
  SealAsks seal_asks_;
  LiveState state_;  // all but what file_ itself knows
  base::Timer timer_;
  std::optional<base::MonoTime> timer_at_;
};

}  // namespace capture
