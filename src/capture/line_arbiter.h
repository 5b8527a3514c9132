#pragma once
// Who may write next to a live file that several sources share, so that lines
// stay whole. Pure: asked with what waits and the time, it says whose bytes
// come next and how many; it holds none, and reads no clock. One per sink, on
// the capture thread.
//
// While one source is attached its bytes pass at once, prompts included. With
// several, only complete lines pass; the beginning of a line waits until it
// ends, or for 64 KiB or 100 ms: then its source *owns* the file until the line
// ends, and the others wait. An owner that is silent for a second while others
// wait loses its line: it is ended with a newline, so that a forgotten prompt
// can't stop anybody.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace capture {

class LineArbiter {
 public:
  static constexpr size_t kMaxHeld = size_t{64} << 10;
  static constexpr base::Millis kHoldTime{100};
  static constexpr base::Millis kOwnerSilence{1000};

  // How lines are held though there is but one source.
  enum class Whole {
    No,       // they aren't
    Briefly,  // for 100 ms
    Always,   // until they end, or are longer than 64 KiB
  };
  explicit LineArbiter(Whole whole = Whole::No) : whole_(whole) {}

  // What waits of each source, in order.
  class Waiting {
   public:
    virtual ~Waiting() = default;
    virtual std::string_view waiting(uint64_t source) const = 0;
  };

  struct Grant {
    uint64_t source = 0;
    size_t size = 0;        // of its waiting bytes, from the first on
    bool end_line = false;  // instead: its open line gets a newline that is
                            // not its own
  };

  void attach(uint64_t source, base::MonoTime now);
  // The file ends in the middle of a line of `source`.
  void resume_line(uint64_t source, base::MonoTime now);
  // More of `source` waits than before.
  void more(uint64_t source, base::MonoTime now);
  // `source` will bring nothing more. What still waits of it comes when the
  // file is free.
  void end(uint64_t source);

  // What is to be written now, if anything.
  std::optional<Grant> next(const Waiting& waiting, base::MonoTime now) const;
  // `size` bytes were written (or dropped); `open`: they end in mid-line in
  // the file. `left`: whether some of its bytes still wait.
  void took(uint64_t source, bool open, bool left, base::MonoTime now);
  // The open line was ended, or went away with its file.
  void line_ended() { owner_.reset(); }
  // Nothing of it waits any more: it was dropped.
  void emptied(uint64_t source);
  // The owner could not be heard until now.
  void renew_owner(base::MonoTime now) { owner_active_ = now; }
  // All that waits comes out, time or not.
  void finish() { finishing_ = true; }
  // Sources that ended and have nothing that waits.
  void forget(uint64_t source);

  // When next() may say more though nothing happened.
  std::optional<base::MonoTime> deadline() const;

  // Whose line is open at the end of the file.
  std::optional<uint64_t> owner() const { return owner_; }
  bool empty() const { return entries_.empty(); }
  // More than one writer: only whole lines pass.
  bool shared() const { return entries_.size() > 1; }

 private:
  struct Entry {
    uint64_t source = 0;
    bool ended = false;
    std::optional<base::MonoTime> since;  // when what waits began to
  };

  Entry* find(uint64_t source);
  size_t passable(const Entry& entry, std::string_view bytes,
                  base::MonoTime now) const;
  std::optional<base::MonoTime> owner_until() const;

  const Whole whole_;
  std::vector<Entry> entries_;  // in order of attachment
  std::optional<uint64_t> owner_;
  base::MonoTime owner_active_;  // when the owner last brought bytes
  bool finishing_ = false;
};

}  // namespace capture
