#pragma once
// A thread's event loop over libuv, and the handles that live on it. Every
// handle belongs to the thread that runs its loop, is made and destroyed there,
// and must not outlive the loop. Callbacks run on that thread and may destroy
// the handle that called them. Only post() and stop() may be called from other
// threads.

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"

namespace base {

class Inotify;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();       // until stop()
  void run_once();  // waits for one batch of events, at most, and handles it
  void stop();      // thread-safe
  bool stopped() const;

  // Sleeps with every handle at rest; only post() and stop() end it early. Lets
  // a reader wait until more has gathered without being deaf to requests.
  void rest(std::chrono::microseconds time);

  // Queues `task` for the loop's thread; in order, thread-safe. Tasks that are
  // still queued when the loop is destroyed are dropped unrun.
  void post(std::function<void()> task);

  // What this loop's directory watches share (dir_watch.h); made at the first
  // use. Fails when inotify is missing or a limit is reached.
  Result<Inotify*> inotify();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  void run_eagerly();

  std::unique_ptr<Impl> impl_;
  std::unique_ptr<Inotify> inotify_;
};

// Calls back once after a delay (rounded up to whole milliseconds), or
// repeatedly.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_fire);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  // Starts, or starts anew. A zero repeat means once.
  void start(std::chrono::milliseconds delay,
             std::chrono::milliseconds repeat = {});
  void stop();

 private:
  struct Impl;
  struct Closer {
    void operator()(Impl* impl) const;
  };
  std::unique_ptr<Impl, Closer> impl_;
};

// Level-triggered readiness of a descriptor that poll(2) understands. The
// descriptor is borrowed: destroy the watch before closing it.
class FdWatch {
 public:
  enum Interest { Readable = 1, Writable = 2 };
  // `on_ready` gets the ready subset; a hung-up peer counts as readable.
  FdWatch(EventLoop& loop, int fd, std::function<void(int ready)> on_ready);
  ~FdWatch();
  FdWatch(FdWatch&&) noexcept;
  FdWatch& operator=(FdWatch&&) noexcept;

  void want(int interest);  // 0 = nothing

 private:
  struct Impl;
  struct Closer {
    void operator()(Impl* impl) const;
  };
  std::unique_ptr<Impl, Closer> impl_;
};

class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signal, std::function<void()> on_signal);
  ~SignalWatch();
  SignalWatch(SignalWatch&&) noexcept;
  SignalWatch& operator=(SignalWatch&&) noexcept;

 private:
  struct Impl;
  struct Closer {
    void operator()(Impl* impl) const;
  };
  std::unique_ptr<Impl, Closer> impl_;
};

}  // namespace base
