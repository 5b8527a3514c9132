#include "supervisor/file_watcher.h"

#include <map>
#include <thread>
#include <utility>

#include "supervisor/watched_tree.h"

namespace supervisor {

class FileWatcher::Thread {
 public:
  Thread() : thread_([this] { loop_.run(); }) {}
  ~Thread() {
    loop_.post([this] {
      trees_.clear();
      loop_.stop();
    });
    thread_.join();
  }

  void watch(const std::string& app, WatchOrder order,
             WatchedTree::Tell changed, WatchedTree::Tell failed) {
    loop_.post([this, app, order = std::move(order),
                changed = std::move(changed), failed = std::move(failed)] {
      trees_.erase(app);
      trees_.emplace(
          app, std::make_unique<WatchedTree>(loop_, order, changed, failed));
    });
  }
  void forget(const std::string& app) {
    loop_.post([this, app] { trees_.erase(app); });
  }

 private:
  base::EventLoop loop_;
  // The thread's own.
  std::map<std::string, std::unique_ptr<WatchedTree>> trees_;
  std::jthread thread_;
};

FileWatcher::FileWatcher(base::EventLoop& loop, News news)
    : loop_(loop), news_(std::move(news)) {}

FileWatcher::~FileWatcher() = default;

void FileWatcher::watch(const std::string& app, WatchOrder order) {
  if (!thread_) thread_ = std::make_unique<Thread>();
  const auto tell = [this, app](auto News::* door) {
    return [this, app, door, alive = std::weak_ptr<int>(alive_),
            &loop = loop_](const std::string& text) {
      loop.post([this, app, door, alive, text] {
        if (!alive.expired() && news_.*door) (news_.*door)(app, text);
      });
    };
  };
  thread_->watch(app, std::move(order), tell(&News::changed),
                 tell(&News::failed));
}

void FileWatcher::forget(const std::string& app) {
  if (thread_) thread_->forget(app);
}

}  // namespace supervisor
