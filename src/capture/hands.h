#pragma once
// The threads of capture. One of them runs the loop and performs what is to be
// done to files itself, which costs nothing while disks are quick. When an
// operation hangs, another thread takes the loop over, and the one that hangs
// becomes a worker for files that are known to be slow: so no file ever makes
// another wait for longer than two kPatience.
//
// A monitor looks while operations are begun, and sleeps else. perform() and
// submit() are for the thread that runs the loop.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace capture {

class Hands {
 public:
  // An operation hangs when it has not ended within one to two of these, and
  // its thread waits for something else than a processor.
  static constexpr base::Millis kPatience{10};
  // Operations that hang at the same time; more wait for one of these. Of one
  // device: so that a dead disk leaves workers to the others.
  static constexpr size_t kMostWorkers = 64;
  static constexpr size_t kMostOfDevice = 16;

  using Task = std::function<void()>;
  // Runs until it is told to stop (true), or until perform() says false: then
  // it returns false at once, touching nothing. Another thread has called it
  // by then, which may touch everything but the operation that hangs.
  using Loop = std::function<bool()>;

  explicit Hands(Loop loop);
  ~Hands();  // stopped and joined, or abandoned
  Hands(const Hands&) = delete;
  Hands& operator=(const Hands&) = delete;

  void start();
  // The loop has been told to stop: waits for it, and until `deadline` for
  // operations that hang. False: some still do, and their threads with them;
  // what they use must stay. Called by the owner.
  bool stop(base::MonoTime deadline);

  // Performs here. False: it took too long, and the loop is another thread's
  // by now; `late` is called then, by this thread.
  template <class Perform, class Late>
  bool perform(Perform&& operation, Late&& late) {
    const Turn turn = begin();
    operation();
    if (end(turn)) return true;
    late();
    return false;
  }
  // Has a worker perform it, on that device; 0: nobody knows on which.
  void submit(uint64_t device, Task operation);

 private:
  enum State : uint32_t { Idle, Performing, Taken };
  // Of one thread with the loop.
  struct Holding {
    std::atomic<uint32_t> state{Idle};
    std::atomic<int> thread{0};  // as /proc names it
  };
  using Turn = std::shared_ptr<Holding>;

  Turn begin();
  bool end(const Turn& turn);
  void run(bool as_loop);
  void monitor();
  struct Waiting {
    uint64_t device;
    Task operation;
  };
  std::deque<Waiting>::iterator next_task();
  static bool is_waiting(int thread);
  void spawn(bool as_loop);

  const Loop loop_;
  std::mutex mutex_;
  std::condition_variable wake_workers_;
  std::condition_variable wake_monitor_;
  std::condition_variable ended_;
  Turn turn_;                              // of the thread that runs the loop
  std::atomic<uint64_t> begun_{0};         // operations so far
  std::atomic<bool> watching_{false};      // the monitor is awake
  std::deque<Waiting> tasks_;              // guarded by mutex_
  std::map<uint64_t, size_t> performing_;  // by device; guarded by mutex_
  size_t idle_ = 0;                        // workers; guarded by mutex_
  size_t workers_ = 0;                     // guarded by mutex_
  bool loop_wanted_ = false;               // a worker is to take the loop
  bool loop_ended_ = false;                // guarded by mutex_
  bool closing_ = false;                   // guarded by mutex_
  size_t running_ = 0;                     // threads; guarded by mutex_
  std::vector<std::thread> threads_;       // guarded by mutex_
};

}  // namespace capture
