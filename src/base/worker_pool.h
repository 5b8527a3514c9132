#pragma once
// Threads for work that blocks or computes: fsync, compression, scans. Jobs
// carry their own data and answer by posting to the asker's EventLoop.
// submit() is thread-safe. Threads start with the first job: a daemon that has
// nothing to do for them does not pay for them.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace base {

class WorkerPool {
 public:
  // Idle: gets what processors and disks have left over.
  enum class Priority { Normal, Idle };
  explicit WorkerPool(size_t threads, Priority priority = Priority::Normal)
      : limit_(threads), priority_(priority) {}
  ~WorkerPool();  // finishes the jobs that were submitted
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void submit(std::function<void()> job);
  // The same for a job that wants to know on which of the threads it is, from
  // 0: what belongs to that number is that thread's alone.
  void submit(std::function<void(size_t thread)> job);

 private:
  void work(size_t thread);

  const size_t limit_;
  const Priority priority_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void(size_t)>> jobs_;  // guarded by mutex_
  size_t idle_ = 0;                               // guarded by mutex_
  bool closing_ = false;                          // guarded by mutex_
  std::vector<std::jthread> threads_;             // guarded by mutex_
};

}  // namespace base
