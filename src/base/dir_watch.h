#pragma once
// A directory whose changes are told as they happen (inotify(7)). Lives on the
// thread of its loop, as every handle does (event_loop.h).

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/result.h"

namespace base {

struct DirWatcher;

class DirWatch {
 public:
  // Called with the name of what was created, written, renamed or removed in
  // the directory; with none when something happened to the directory itself,
  // or events were lost: look at everything then. May destroy the watch.
  using OnChange = std::function<void(std::string_view name)>;
  // Called when the changes that came together have all been told.
  using OnBatch = std::function<void()>;

  // Called when there are changes, before it is known which, a moment earlier
  // than the loop could tell; not always. May neither open nor destroy a
  // watch.
  using OnNews = std::function<void()>;

  // Fails when the directory is not there, inotify is missing or one of its
  // limits is reached; poll then.
  static Result<DirWatch> open(EventLoop& loop, const std::string& dir,
                               OnChange on_change, OnBatch on_batch = {},
                               OnNews on_news = {});
  ~DirWatch();
  DirWatch(DirWatch&&) noexcept;
  DirWatch& operator=(DirWatch&&) noexcept;

 private:
  struct Closer {
    Inotify* inotify;
    int directory;
    void operator()(const DirWatcher* watcher) const;
  };
  explicit DirWatch(std::unique_ptr<const DirWatcher, Closer> watcher)
      : watcher_(std::move(watcher)) {}
  std::unique_ptr<const DirWatcher, Closer> watcher_;
};

}  // namespace base
