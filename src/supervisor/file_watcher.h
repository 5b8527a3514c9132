#pragma once
// Watches the files of apps: `watch`. A thread of its own walks the trees and
// listens to inotify (or looks again and again, where that tells nothing), so
// that a large tree keeps nobody waiting; it starts with the first app that is
// watched. Made, asked and answered on the control loop.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"

namespace supervisor {

// What of an app is watched.
struct WatchOrder {
  std::string cwd;                  // absolute; paths are told from here
  std::vector<std::string> paths;   // absolute; of files, directories, globs
  std::vector<std::string> ignore;  // as IgnoreRules has them
  // Absolute; whose changes don't count: logs, pid files. One that ends in '/'
  // is a directory, with all in it.
  std::vector<std::string> own;
  std::chrono::milliseconds delay{0};  // without a change, before it is told
  bool follow_links = true;
  bool polling = false;
  std::chrono::milliseconds interval{1000};  // of polling
  int depth = -1;                            // below a path; -1 = all

  bool operator==(const WatchOrder&) const = default;
};

class FileWatcher {
 public:
  struct News {
    // The first path that has changed since the last time.
    std::function<void(const std::string& app, const std::string& path)>
        changed;
    // Something can't be watched.
    std::function<void(const std::string& app, const std::string& why)> failed;
  };
  FileWatcher(base::EventLoop& loop, News news);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  void watch(const std::string& app, WatchOrder order);  // or: otherwise
  void forget(const std::string& app);

 private:
  class Thread;
  base::EventLoop& loop_;
  const News news_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::unique_ptr<Thread> thread_;
};

}  // namespace supervisor
