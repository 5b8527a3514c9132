#pragma once
// The files of one app that are watched: knows which paths count, keeps an
// inotify watch on each directory, and tells the first change once there was
// quiet. Lives on the watching thread.

#include <sys/stat.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/dir_watch.h"
#include "base/event_loop.h"
#include "supervisor/file_watcher.h"
#include "supervisor/glob.h"

namespace supervisor {

// Which changes count. Pure.
class WatchScope {
 public:
  explicit WatchScope(const WatchOrder& order);

  // What was asked for: a file or directory, and which paths in it.
  struct Root {
    std::string path;  // absolute
    std::string glob;  // absolute; empty = all
  };
  const std::vector<Root>& roots() const { return roots_; }
  // Whether a directory is to be looked into.
  bool enters(const std::string& dir, const Root& root) const;
  // Whether a change of that file is one.
  bool counts(const std::string& path, const Root& root) const;
  // As it is told: from the app's directory, when it is in there.
  std::string name_of(const std::string& path) const;

 private:
  bool is_own(const std::string& path) const;
  bool ignores(const std::string& path, const Root& root) const;

  const std::string cwd_;
  const std::vector<std::string> own_;
  IgnoreRules rules_;
  std::vector<Root> roots_;
};

class WatchedTree {
 public:
  using Tell = std::function<void(const std::string& text)>;
  WatchedTree(base::EventLoop& loop, WatchOrder order, Tell changed,
              Tell failed);

 private:
  struct Stamp {
    int64_t modified_ns = 0;
    int64_t size = 0;
    uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Found =
      std::function<void(const std::string& path, const struct ::stat& info)>;
  void begin(const WatchScope::Root& root);
  // Watches the directory and those below it; `file` is called for each file
  // that counts.
  void walk(const std::string& dir, const WatchScope::Root& root, int depth,
            const Found& file);
  bool add(const std::string& dir, const WatchScope::Root& root, int depth);
  void on_change(const std::string& dir, const WatchScope::Root& root,
                 int depth, std::string_view name);
  void poll();
  void touched(const std::string& path);
  void tell_failure(std::string why);

  base::EventLoop& loop_;
  const WatchOrder order_;
  const WatchScope scope_;
  const Tell changed_;
  const Tell failed_;
  std::map<std::string, base::DirWatch> dirs_;
  std::set<std::pair<uint64_t, uint64_t>> seen_;  // of directories; per walk
  bool failed_once_ = false;
  std::map<std::string, Stamp> files_;  // of polling
  bool polled_ = false;
  std::string first_;  // changed, and not told yet
  std::chrono::steady_clock::time_point latest_;
  base::Timer quiet_;
  base::Timer poll_timer_;
};

}  // namespace supervisor
