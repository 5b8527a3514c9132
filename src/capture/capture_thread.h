#pragma once
// From the children's pipes to live files: a thread of its own that waits for
// no disk (hands.h), and loses nothing when its process is killed (journal.h).
// A disk that refuses fills the pipes, and children wait, unless their options
// say that lines go instead.
//
// Every function may be called from any thread; answers come on the capture
// thread, so callers post them home.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/observer.h"
#include "capture/requests.h"
#include "capture/sink.h"
#include "capture/sink_spec.h"

namespace capture {

class CaptureThread {
 public:
  struct Options {
    const base::Clock& clock;  // outlives the thread
    // How long what was written may be in memory alone (sync `interval`).
    base::Millis sync_every{5000};
  };
  // `observer` outlives the thread.
  CaptureThread(Options options, Observer& observer);
  ~CaptureThread();  // stop()
  CaptureThread(const CaptureThread&) = delete;
  CaptureThread& operator=(const CaptureThread&) = delete;

  // The memory to keep the journal in, before anything else is asked for. One
  // that an earlier thread left is gone on with at adopt(). Without this call
  // one is made that is gone with the process.
  void use(Spool spool);

  // A new generation's pipe. Its lines go to a live file that is opened now. An
  // unfinished line in the file is ended first.
  void add(SourceInfo info, base::UniqueFd pipe, SinkSpec sink);

  // Pipes that an earlier daemon was reading. All of them in one call: what it
  // had begun is finished then; and a file that ends in mid-line is gone on
  // with if it is known whose that line is, or exactly one source is its own.
  // What is left of sources that are gone is written as `known` has it for
  // their file.
  struct Adopted {
    SourceInfo info;
    base::UniqueFd pipe;
    SinkSpec sink;
  };
  void adopt(std::vector<Adopted> sources, std::vector<SinkSpec> known);

  // The child exited: reads what its pipe holds now, then calls `done`. At
  // once when it is empty or the source unknown; after a second at the latest
  // (a disk that refuses). The source stays while somebody holds its pipe.
  void drain(uint64_t source_id, std::function<void()> done);

  // Flush: an empty file takes the place of each live file, at a line end.
  // Files that nobody writes are replaced if they are there. Those of which we
  // know that they are no older than `older_than` are told to be too young, and
  // stay.
  void replace(std::vector<std::string> live_paths, base::MonoTime older_than,
               std::function<void(std::vector<Replaced>)> done);

  // Seals live files that aren't empty, each at its next line end, as their
  // size would (on_sealed is told); also those that nobody writes. Answers
  // within about a second: a file whose line does not end by then is *pending*,
  // and sealed when it does.
  void seal(std::vector<SealRequest> requests,
            std::function<void(std::vector<Sealed>)> done);

  // Sees now, not within a second, whether live files were moved, removed or
  // truncated, and opens them anew (on_reopened is told): `done` gets how many.
  // Nothing is written to what was moved from then on. Answers within about a
  // second.
  void look(std::function<void(size_t reopened)> done);

  // At which sizes live files are sealed from now on, by path; others keep
  // theirs.
  void set_max_sizes(std::map<std::string, uint64_t> sizes);

  // The live files that have a writer. Costs no system call.
  void live_files(std::function<void(std::vector<LiveState>)> done);

  // For apps that are deleted with their logs: sources of these files are let
  // go unread (on_source_ended is told), the files unlinked.
  void remove(std::vector<std::string> live_paths,
              std::function<void(base::Status)> done);

  // Writes all that was read, and joins. What is asked for afterwards is
  // ignored. False: some of it could not be written in time; it is in the
  // spool, and a disk may hang in a thread of this process.
  bool stop();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace capture
