#pragma once
// What CaptureThread does on its thread: reads pipes in turn, lets their sinks
// prepare what is to be done to files, has it done, and carries out what other
// threads ask for. Everything that may block is done at the foot of a turn,
// where nothing is half done: there another thread can take the loop over.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_loop.h"
#include "capture/capture_thread.h"
#include "capture/hands.h"
#include "capture/intake.h"
#include "capture/pacer.h"

namespace capture {

class CaptureThread::Loop {
 public:
  Loop(Options options, Observer& observer);
  ~Loop();

  void start() { hands_.start(); }
  bool stop();
  void post(std::function<void()> task) { events_.post(std::move(task)); }

  // On the thread:
  void use(Spool spool);
  void add(Adopted source);
  void adopt(std::vector<Adopted> sources, const std::vector<SinkSpec>& known);
  void drain(uint64_t id, std::function<void()> done);
  void replace(const std::vector<std::string>& paths, base::MonoTime older_than,
               std::function<void(std::vector<Replaced>)> done);
  void seal(const std::vector<SealRequest>& requests,
            std::function<void(std::vector<Sealed>)> done);
  void look(std::function<void(size_t reopened)> done);
  void set_max_sizes(const std::map<std::string, uint64_t>& sizes);
  std::vector<LiveState> live_files() const;
  void remove(std::vector<std::string> paths,
              std::function<void(base::Status)> done);

 private:
  struct File;
  struct Drain {
    size_t left = 0;    // bytes that were in the pipe and are still to be read
    bool read = false;  // they have been; now they are to be written
    std::vector<std::function<void()>> done;
    std::unique_ptr<base::Timer> limit;
  };
  struct Attached {
    std::unique_ptr<Source> source;
    File* file = nullptr;
    std::unique_ptr<Drain> drain;
    bool ready = false;
  };
  struct File {
    std::unique_ptr<Sink> sink;
    std::vector<Attached*> sources;
    std::vector<Adopted> to_add;  // once it isn't busy
    bool due = false;
  };
  // Of the turn under way, for a thread that takes over in its midst.
  struct Underway {
    File* performing = nullptr;
    Attached* reading = nullptr;
    size_t bytes = 0;
  };

  bool run();
  bool turn();
  bool finish();
  bool serve(Attached& attached);
  bool work(File& file);
  void take_over();
  void performed(File& file, base::MonoTime began);
  void after(File& file);
  void listen(File& file);
  void set_due(File& file);
  void set_ready(Attached& attached);
  void close_if_idle(File& file);

  base::Result<File*> file_for(const SinkSpec& spec);
  static bool honours(const File& file, const SinkSpec& spec);
  base::Status remake(File& file, const SinkSpec& spec);
  Attached* attach(Adopted from, bool adopted);
  Attached& enter(std::unique_ptr<Source> source, File& file, bool adopted);
  void release(Attached& attached);
  void reapply();
  void finish_left();
  void adopt_rest(const std::vector<SinkSpec>& known);
  bool is_awaited(const File& file);

  void advance_drain(Attached& attached, size_t bytes, bool empty);
  void finish_drain_if_written(Attached& attached);
  static void finish_drain(Attached& attached);
  bool has_memory(const Attached& attached);
  // What a cut of the power may take (loop_sync.cc).
  void sync();
  void leave_unsynced(File& file);
  Sink::Bench& bench();
  void set_out();

  const base::Clock& clock_;
  Observer& observer_;
  base::EventLoop events_;
  std::optional<Sink::Bench> bench_;  // once there is a spool
  std::optional<Spool> spool_;
  std::optional<Intake> intake_;
  Pacer pacer_;
  PipeBudget budget_;
  std::map<std::string, std::unique_ptr<File>> files_;
  std::vector<std::unique_ptr<File>> leaving_;      // removed, and busy
  std::unordered_map<uint32_t, Attached> sources_;  // by index in the spool
  std::unordered_map<uint64_t, uint32_t> by_id_;
  std::deque<uint32_t> ready_;
  std::deque<File*> due_;
  std::multiset<uint64_t> hanging_;  // disks of operations that hang
  std::set<uint64_t> syncing_;       // disks that are being synced
  std::vector<std::pair<uint64_t, Unsynced>> unsynced_;  // by disk, of files
                                                         // that are let go
  Underway underway_;
  base::Timer memory_timer_;
  base::Timer sync_timer_;
  bool adopted_ = false;          // what a predecessor left
  size_t awaited_ = 0;            // files to open in one turn, of due_
  bool short_of_memory_ = false;  // nothing is read meanwhile
  bool finishing_ = false;
  std::atomic<bool> unwritten_{false};
  Hands hands_;  // last: its threads use all of the above
};

}  // namespace capture
