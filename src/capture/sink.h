#pragma once
// A live file with the sources that write it: stamps their lines, keeps lines
// whole (line_arbiter.h), writes each batch with one write(2), and loses
// nothing while the disk refuses. Lives on the capture thread; blocks on the
// disk alone.
//
// The walls of the journal to come: a batch is complete, stamped and formatted
// in OutBuffer, before flush() hands it to the file.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "capture/line_arbiter.h"
#include "capture/observer.h"
#include "capture/out_buffer.h"
#include "capture/stamper.h"
#include "store/live_file.h"

namespace capture {

// What a flush did to one live file.
struct Replaced {
  std::string path;
  uint64_t bytes = 0;                // of the file that was taken away
  std::optional<base::Error> error;  // it is still there
};

class Sink final : private LineArbiter::Output {
 public:
  // What all sinks of a thread share; outlives them.
  struct Bench {
    base::EventLoop& loop;
    const base::Clock& clock;
    Observer& observer;
    Stamper stamper;
    OutBuffer out;  // empty between calls
    // When a live file was last replaced, by path; of the last seconds.
    std::map<std::string, base::MonoTime> replaced;
  };
  // `on_change` is called when something happened without a caller: room() of
  // its sources may have changed, or it may have become idle.
  Sink(Bench& bench, std::string path, std::function<void()> on_change);

  // `adopted`: the source may be in the middle of the line that the file ends
  // with.
  void attach(const SourceInfo& source, bool adopted);
  // Bytes just read, at most room() of them.
  void feed(uint64_t source, std::string_view bytes);
  void end(uint64_t source);
  // How many bytes may be read from `source` now; 0: leave its pipe alone.
  size_t room(uint64_t source) const;

  // Puts an empty file in place of the live file: at a line end, which is
  // waited for up to 100 ms; after that the line's head moves along. A file
  // that took another's place is not replaced before kReplaceSpacing, so that
  // whoever follows the path has seen it.
  void replace(std::function<void(Replaced)> done);

  // Writes all that is held, as far as the disk lets it.
  void finish();

  // Nobody writes it, nothing is left to write, and nobody waits for it.
  bool idle() const {
    return arbiter_.empty() && pending_.empty() && !replacing_;
  }
  bool blocked() const { return !file_ || !pending_.empty(); }
  const std::string& path() const { return path_; }

 private:
  struct Replacing {
    std::vector<std::function<void(Replaced)>> done;
    base::MonoTime earliest;
    base::MonoTime deadline;  // then in mid-line too
  };

  void write(uint64_t source, std::string_view bytes,
             base::Timestamp stamp) override;
  void end_line(uint64_t source) override;

  void feed_now(uint64_t source, std::string_view bytes, base::MonoTime now);
  void settle_tail(uint64_t source, base::MonoTime now);
  void flush(base::MonoTime now);
  base::Status push(std::string_view& bytes);
  void retry(base::MonoTime now);

  base::Status open();
  void check_path(base::MonoTime now);
  void leave_file(std::string_view why);
  void begin_anew();
  bool may_replace(base::MonoTime now) const;
  void finish_replace();
  base::Result<uint64_t> swap_file();

  void trouble(const base::Error& error);
  void tell_line_ended(uint64_t source);
  void forget_ended();
  const SourceInfo& info(uint64_t source) const;
  void on_timer();
  void rearm(base::MonoTime now);

  Bench& bench_;
  const std::string path_;
  const std::function<void()> on_change_;
  std::optional<store::LiveFile> file_;
  LineArbiter arbiter_;
  std::vector<SourceInfo> sources_;  // the arbiter's, or the last one there was
  bool adopted_ = false;             // the first source was

  // What has been formatted: whether a line is open, and its stamp.
  bool mid_line_ = false;
  std::optional<base::Timestamp> line_stamp_;
  base::Timestamp last_stamp_;  // of any line here
  // A line found open in the file when it was opened, whose source is not yet
  // known.
  bool tail_unsettled_ = false;
  // What is on disk: whether its last line is open. Differs from mid_line_
  // only while something is pending.
  bool disk_mid_line_ = false;

  std::string pending_;  // formatted, refused by the disk
  std::optional<base::MonoTime> retry_at_;
  base::Millis retry_delay_{};
  std::optional<std::pair<base::Errc, int>> told_;  // kind of the last trouble
  base::MonoTime checked_at_;

  std::optional<Replacing> replacing_;
  base::Timer timer_;
  std::optional<base::MonoTime> timer_at_;
};

}  // namespace capture
