#pragma once
// Goes on where a Reading ended: what is appended to its files, through seals
// (the file becomes a segment, and others may follow before we look), flush (a
// new file renamed into place), truncation, and apps and instances that appear
// later. A stopped reader stops us: nothing is held in memory but one
// buffer a file. Lives on the loop's thread.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/dir_watch.h"
#include "base/event_loop.h"
#include "query/reading.h"
#include "store/epoch.h"

namespace query {

struct FollowOptions {
  std::string dir;  // where the catalog is; files may lie elsewhere
  // Joined before the Reading opened its files: what is deleted while they are
  // read is waited for. Without it, the follower joins when it is made.
  std::optional<store::EpochHold> epoch;
  bool bytes = false;  // give bytes as they come, not whole lines
  // The plan as it is now; asked when the catalog changed. May be empty.
  std::function<base::Result<Plan>()> replan;
  // Something could not be read; told once, not at every try.
  std::function<void(const base::Error&)> on_problem;
};

class Follower {
 public:
  Follower(base::EventLoop& loop, Reading& reading, Printer& printer,
           FollowOptions options);

  // Watches, and gives what came since the Reading. The loop is stopped when
  // the printer wants no more.
  void start();

 private:
  struct Tail {
    Source* source = nullptr;
    bool dirty = true;
    bool looked = true;    // for what comes after it, since it was shown
    uint64_t size = 0;     // when last looked at
    base::MonoTime grown;  // when it last had more bytes than before
    // The files that come after ours, as far as we know: segments, then the
    // file that has our path now.
    std::deque<store::Segment> segments;
    uint64_t newest = 0;  // of the segments that were found so far
    std::unique_ptr<store::Log> live;
    struct ::stat live_identity{};
    std::unique_ptr<store::Log> next;  // the first of them, opened
    struct ::stat next_identity{};
    uint64_t next_sequence = 0;
    // When the directory of segments had last changed, as we listed it.
    struct ::timespec listed{};
  };

  void watch();
  void on_change(const std::string& dir, std::string_view name);
  void note_epoch();
  void on_poll();
  void drain_soon();
  void show_early();
  void drain();
  void show_dirty();
  void look();
  void look_around();
  void release();
  void open_all();
  bool move_on();
  void end_drain();
  void replan();
  void show(const std::vector<Tail*>& tails);
  void give_ready();
  bool measure(Tail& tail);
  void allow(Tail& tail, uint64_t size);
  void find_successors(Tail& tail);
  void open_successor(Tail& tail);
  bool archive_changed(Tail& tail);
  bool succeed(Tail& tail);
  void wait_for_silence();
  void tell_problems();
  Tail& adopt(Source& source);

  base::EventLoop& loop_;
  Reading& reading_;
  Printer& printer_;
  FollowOptions options_;
  base::SystemClock clock_;
  std::vector<Tail> tails_;
  std::map<std::string, size_t> tail_by_path_;
  std::string path_;  // of what changed last; kept for its memory
  bool catalog_dirty_ = true;
  struct ::stat catalog_{};  // that we planned with
  std::set<std::string> told_;
  bool due_ = false;        // something is to be drained
  bool scheduled_ = false;  // ... and tick_ will
  bool grows_ = false;      // one of ours did, when we last looked
  bool looking_ = false;    // look_ will
  bool releases_ = false;   // release_ will
  bool asked_ = false;      // to open what there is: it may be deleted soon
  // Of one drain(); kept for their memory.
  std::vector<Tail*> dirty_;
  std::vector<Source*> ready_;
  base::MonoTime drained_;
  base::Timer tick_;
  base::Timer look_;
  base::Timer release_;
  base::Timer silence_;
  base::Timer poll_;
  std::set<std::string> dirs_;  // of the files
  // Of these; those that can't be watched (or are not there yet) are missing.
  std::map<std::string, base::DirWatch> watches_;
};

}  // namespace query
