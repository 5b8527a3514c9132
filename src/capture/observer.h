#pragma once
// Who writes, and what capture tells about it. The observer's functions are
// called on the capture thread; what they take there is taken from all apps, so
// implementers post to their own loop whatever can wait.

#include <cstdint>
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

  // Somebody moved, removed or truncated the live file; `what` says so in
  // words. The path was opened anew.
  virtual void on_reopened(const SourceInfo& source, std::string_view what) {
    (void)source, (void)what;
  }
};

}  // namespace capture
