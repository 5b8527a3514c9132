#pragma once
// One inotify instance for all the directory watches of a loop: a user has 128
// of them at most, unless the machine says otherwise. libuv has the same, and
// reads until nothing is left; a follower's line waits for that second read.
// Lives on the loop's thread.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/dir_watch.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

// Who watches a directory.
struct DirWatcher {
  DirWatch::OnChange on_change;
  DirWatch::OnBatch on_batch;
  DirWatch::OnNews on_news;  // may be empty
  bool told = false;         // something, in this batch
  bool gone = false;         // its watch is destroyed
};

class Inotify {
 public:
  static Result<std::unique_ptr<Inotify>> open(EventLoop& loop);

  struct Entry {
    const DirWatcher* watcher;
    int directory;  // the kernel's number of it
  };
  // Tells the watcher of a directory's news until it is removed.
  Result<Entry> add(const std::string& dir, DirWatcher watcher);
  void remove(Entry entry);

  // Whether anyone wants to know of news before they are read; tells these.
  bool has_eager() const { return eager_ > 0; }
  void tell_eager();
  int fd() const { return fd_.get(); }

 private:
  // Of one directory: it has one number, however often it is watched.
  using Watchers = std::vector<std::shared_ptr<DirWatcher>>;

  Inotify(EventLoop& loop, UniqueFd fd);
  void read_events();
  void tell(int directory, std::string_view name);
  void tell(const std::shared_ptr<DirWatcher>& watcher, std::string_view name);
  void tell_all();
  void end_batch();

  UniqueFd fd_;
  std::unordered_map<int, Watchers> watchers_;  // by number of the directory
  size_t eager_ = 0;                            // watchers
  Watchers told_;                               // of this batch
  FdWatch readable_;
};

}  // namespace base
