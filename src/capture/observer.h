#pragma once
// Who writes, and what capture tells about it. The observer's functions are
// called on the capture thread; what they take there is taken from all apps, so
// implementers post to their own loop whatever can wait.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/names.h"

namespace capture {

// One source: a pipe that one generation of an instance writes one stream to.
struct SourceInfo {
  uint64_t id = 0;  // the daemon's; unique among sources that are attached
  std::string app;
  int app_id = 0;
  int instance = 0;
  uint64_t generation = 0;
  store::Stream stream = store::Stream::Out;
};

// What was not kept of one source, and why.
struct Dropped {
  enum class Why { Overflow, DiskFull, Rate };
  Why why = Why::Overflow;
  uint64_t lines = 0;
  uint64_t bytes = 0;
  base::Timestamp first;  // when the first of them was read
  base::Timestamp last;
};

// The lines that a file had: stamps of its first, and of what was written to it
// last. As far as is known; of an empty one neither is.
struct Held {
  std::optional<base::Timestamp> first;
  std::optional<base::Timestamp> last;
};

class Observer {
 public:
  virtual ~Observer() = default;

  // No writer is left. All its bytes were read and handed to its file.
  virtual void on_source_ended(uint64_t source_id) = 0;

  // The child left a line without '\n' and one is about to be written; told
  // before, so that the note can never be missing for a newline that is there.
  // `line` is the stamp of that line.
  virtual void on_line_ended(const SourceInfo& source,
                             base::Timestamp line) = 0;

  // The live file can't be opened or written. Nothing is lost: the bytes are
  // kept, its pipes are left unread, it is tried again at least every second.
  // Told once per kind of failure until a write succeeds.
  virtual void on_trouble(const SourceInfo& source,
                          const base::Error& error) = 0;

  // Somebody moved, removed or truncated the live file, perhaps while nobody
  // wrote it; `what` says so in words, `held` which lines may be gone with it.
  // The path was opened anew.
  virtual void on_reopened(const SourceInfo& source, std::string_view what,
                           const Held& held) {
    (void)source, (void)what, (void)held;
  }

  // Lines were dropped, as the options of their file allow. Told when the
  // dropping ends, and once a second while it lasts; every line is told once.
  virtual void on_dropped(const SourceInfo& source, const Dropped& dropped) {
    (void)source, (void)dropped;
  }

  // The file system of this live file is full, or has room again.
  virtual void on_disk_full(const SourceInfo& source, bool full) {
    (void)source, (void)full;
  }

  // Bytes that an earlier daemon had read can't be accounted for; `what` says
  // which and why.
  virtual void on_unaccounted(const SourceInfo& source, std::string_view what) {
    (void)source, (void)what;
  }

  // Asked before a live file that is due is sealed: false while there is no
  // hand free for one more segment. The file then waits, unwritten.
  virtual bool takes_segments() { return true; }

  // The live file was sealed: it is now `segment` (absolute).
  virtual void on_sealed(const SourceInfo& source, const std::string& segment,
                         uint64_t bytes) {
    (void)source, (void)segment, (void)bytes;
  }
};

}  // namespace capture
