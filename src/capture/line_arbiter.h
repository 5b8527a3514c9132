#pragma once
// Who may write to a live file that several sources share, so that lines stay
// whole. Pure: bytes and time go in, pieces come out in file order; no I/O, no
// clock. One per sink, on the capture thread.
//
// While one source is attached its bytes pass at once, prompts included. With
// several, only complete lines pass; the beginning of a line is held until it
// ends, or for 64 KiB or 100 ms: then its source *owns* the file until the line
// ends, and what others bring meanwhile is held, up to 64 KiB each, after which
// their pipes are left unread. An owner that is silent for a second while
// others wait loses its line: it is ended with a newline, so that a forgotten
// prompt can't stop anybody.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace capture {

class LineArbiter {
 public:
  static constexpr size_t kMaxHeld = size_t{64} << 10;
  static constexpr base::Millis kHoldTime{100};
  static constexpr base::Millis kOwnerSilence{1000};

  // Where pieces go. A piece of another source follows only after a piece that
  // ended in '\n', or after end_line().
  class Output {
   public:
    virtual ~Output() = default;
    // The child's bytes. `stamp` is of the read that brought the first of them.
    virtual void write(uint64_t source, std::string_view bytes,
                       base::Timestamp stamp) = 0;
    // The line that `source` left open gets a newline that is not its own.
    virtual void end_line(uint64_t source) = 0;
  };

  void attach(uint64_t source, base::MonoTime now);
  // The file ends in the middle of a line of `source`.
  void resume_line(uint64_t source, base::MonoTime now);

  // Bytes read from `source`, at most room() of them.
  void feed(uint64_t source, std::string_view bytes, base::Timestamp stamp,
            base::MonoTime now, Output& output);
  // `source` will bring nothing more. What is held of it comes out when the
  // file is free.
  void end(uint64_t source, base::MonoTime now, Output& output);
  // To be called at deadline() or later.
  void tick(base::MonoTime now, Output& output);
  // Everything that is held comes out, whole lines after each other.
  void finish(base::MonoTime now, Output& output);

  // How many bytes may be read from `source` now; 0: leave its pipe alone.
  size_t room(uint64_t source) const;
  // When tick() has something to do.
  std::optional<base::MonoTime> deadline() const;

  // Whose line is open at the end of the file.
  std::optional<uint64_t> owner() const { return owner_; }
  // Attached, or ended with bytes that still wait.
  bool knows(uint64_t source) const { return find(source) != nullptr; }
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    uint64_t source = 0;
    bool ended = false;
    std::string held;
    base::Timestamp stamp;  // of the first held byte
    base::MonoTime since;   // when the first held byte came
  };

  Entry& entry(uint64_t source);
  const Entry* find(uint64_t source) const;
  std::optional<base::MonoTime> owner_until() const;
  void hold(Entry& entry, std::string_view bytes, base::Timestamp stamp,
            base::MonoTime now);
  void write(Entry& entry, std::string_view bytes, base::Timestamp stamp,
             base::MonoTime now, Output& output);
  void write_held(Entry& entry, size_t size, base::MonoTime now,
                  Output& output);
  void release(base::MonoTime now, Output& output);
  bool release_one(base::MonoTime now, Output& output);
  void forget_ended();

  std::vector<Entry> entries_;  // in order of attachment
  std::optional<uint64_t> owner_;
  base::MonoTime owner_active_;  // when the owner last brought bytes
};

}  // namespace capture
