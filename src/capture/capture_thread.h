#pragma once
// From the children's pipes to live files: a thread of its own that may block
// on log writes and on nothing else. A disk that is slow or refuses fills the
// pipes, and children wait; no line is lost while this process lives.
//
// Every function may be called from any thread; answers come on the capture
// thread, so callers post them home.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/observer.h"
#include "capture/sink.h"

namespace capture {

class CaptureThread {
 public:
  struct Options {
    const base::Clock& clock;  // outlives the thread
  };
  // `observer` outlives the thread.
  CaptureThread(Options options, Observer& observer);
  ~CaptureThread();  // stop()
  CaptureThread(const CaptureThread&) = delete;
  CaptureThread& operator=(const CaptureThread&) = delete;

  // A new generation's pipe. Its lines go to `live_path` (absolute), which is
  // opened now. An unfinished line in the file is ended first.
  void add(SourceInfo info, base::UniqueFd pipe, std::string live_path);

  // Pipes that an earlier daemon was reading. All of them in one call: a file
  // that ends in mid-line is gone on with if exactly one source is its own.
  struct Adopted {
    SourceInfo info;
    base::UniqueFd pipe;
    std::string live_path;
  };
  void adopt(std::vector<Adopted> sources);

  // The child exited: reads what its pipe holds now, then calls `done`. At
  // once when it is empty or the source unknown; after a second at the latest
  // (a disk that refuses). The source stays while somebody holds its pipe.
  void drain(uint64_t source_id, std::function<void()> done);

  // Flush: an empty file takes the place of each live file, at a line end.
  // Files that nobody writes are replaced if they are there.
  void replace(std::vector<std::string> live_paths,
               std::function<void(std::vector<Replaced>)> done);

  // For apps that are deleted with their logs: sources of these files are let
  // go unread (on_source_ended is told), the files unlinked.
  void remove(std::vector<std::string> live_paths,
              std::function<void(base::Status)> done);

  // Writes all that was read, and joins. What is asked for afterwards is
  // ignored.
  void stop();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace capture
