#include "base/event_loop.h"

#include <poll.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/inotify.h"

namespace base {
namespace {

// A loop or handle that can't be set up leaves nothing to go on with: it is
// out of memory or of descriptors at birth.
void must(int result, const char* what) {
  if (result == 0) return;
  std::fprintf(stderr, "lodge: %s: %s\n", what, uv_strerror(result));
  std::abort();
}

template <class Uv>
uv_handle_t* as_handle(Uv* uv) {
  return reinterpret_cast<uv_handle_t*>(uv);
}

// libuv frees nothing at once: memory goes in the close callback.
template <class Impl>
void close_and_free(Impl* impl) {
  impl->callback = nullptr;
  uv_close(as_handle(&impl->uv), [](uv_handle_t* handle) {
    delete static_cast<Impl*>(handle->data);
  });
}

}  // namespace

struct EventLoop::Impl {
  uv_loop_t loop;
  uv_async_t async;
  std::atomic<bool> stopped{false};
  std::mutex mutex;
  std::condition_variable posted;            // ends a rest()
  std::vector<std::function<void()>> tasks;  // guarded by mutex

  bool has_tasks() {
    const std::lock_guard lock(mutex);
    return !tasks.empty();
  }
  void run_tasks() {
    std::vector<std::function<void()>> batch;
    {
      const std::lock_guard lock(mutex);
      batch.swap(tasks);
    }
    for (auto& task : batch) task();
    if (stopped) uv_stop(&loop);
  }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {
  must(uv_loop_init(&impl_->loop), "event loop");
  impl_->async.data = impl_.get();
  must(uv_async_init(&impl_->loop, &impl_->async,
                     [](uv_async_t* async) {
                       static_cast<Impl*>(async->data)->run_tasks();
                     }),
       "event loop");
}

EventLoop::~EventLoop() {
  inotify_.reset();
  uv_close(as_handle(&impl_->async), nullptr);
  // Lets the close callbacks of handles that were just destroyed run.
  uv_run(&impl_->loop, UV_RUN_DEFAULT);
  if (uv_loop_close(&impl_->loop) != 0) {
    std::fputs("lodge: event loop destroyed before its handles\n", stderr);
    std::abort();
  }
}

void EventLoop::run() {
  while (!impl_->stopped) run_once();
  // What was posted before stop() is not forgotten.
  if (impl_->has_tasks()) uv_run(&impl_->loop, UV_RUN_NOWAIT);
}

void EventLoop::run_once() {
  if (inotify_ && inotify_->has_eager())
    run_eagerly();
  else
    uv_run(&impl_->loop, UV_RUN_ONCE);
}

// A wait that libuv has no part in, and a turn of it without waiting. (It lets
// nobody wait while there is something to wait for that it has not told the
// kernel of.)
void EventLoop::run_eagerly() {
  std::array<::pollfd, 2> waits{
      {{.fd = inotify_->fd(), .events = POLLIN, .revents = 0},
       {.fd = uv_backend_fd(&impl_->loop), .events = POLLIN, .revents = 0}}};
  uv_update_time(&impl_->loop);
  const int timeout = uv_backend_timeout(&impl_->loop);
  if (::poll(waits.data(), waits.size(), timeout) > 0 && waits[0].revents != 0)
    inotify_->tell_eager();
  uv_run(&impl_->loop, UV_RUN_NOWAIT);
}

void EventLoop::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
  }
  impl_->posted.notify_all();
  uv_async_send(&impl_->async);
}

bool EventLoop::stopped() const {
  return impl_->stopped;
}

void EventLoop::rest(std::chrono::microseconds time) {
  std::unique_lock lock(impl_->mutex);
  impl_->posted.wait_for(
      lock, time, [this] { return impl_->stopped || !impl_->tasks.empty(); });
}

Result<Inotify*> EventLoop::inotify() {
  if (!inotify_) {
    auto opened = Inotify::open(*this);
    if (!opened) return fail(std::move(opened.error()));
    inotify_ = std::move(*opened);
  }
  return inotify_.get();
}

void EventLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->tasks.push_back(std::move(task));
  }
  impl_->posted.notify_all();
  uv_async_send(&impl_->async);
}

struct Timer::Impl {
  uv_timer_t uv;
  std::function<void()> callback;
};

void Timer::Closer::operator()(Impl* impl) const {
  close_and_free(impl);
}

Timer::Timer(EventLoop& loop, std::function<void()> on_fire)
    : impl_(new Impl{{}, std::move(on_fire)}) {
  must(uv_timer_init(&loop.impl().loop, &impl_->uv), "timer");
  impl_->uv.data = impl_.get();
}
Timer::~Timer() = default;
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&&) noexcept = default;

void Timer::start(std::chrono::milliseconds delay,
                  std::chrono::milliseconds repeat) {
  // libuv counts from the start of the loop's turn, which may be long ago.
  uv_update_time(impl_->uv.loop);
  uv_timer_start(
      &impl_->uv,
      [](uv_timer_t* uv) {
        // A copy: the callback may destroy the timer.
        const auto call = static_cast<Impl*>(uv->data)->callback;
        if (call) call();
      },
      static_cast<uint64_t>(std::max<int64_t>(delay.count(), 0)),
      static_cast<uint64_t>(repeat.count()));
}

void Timer::stop() {
  uv_timer_stop(&impl_->uv);
}

struct FdWatch::Impl {
  uv_poll_t uv;
  std::shared_ptr<std::function<void(int)>> callback;
};

void FdWatch::Closer::operator()(Impl* impl) const {
  uv_poll_stop(&impl->uv);
  close_and_free(impl);
}

FdWatch::FdWatch(EventLoop& loop, int fd, std::function<void(int)> on_ready)
    : impl_(new Impl{
          {},
          std::make_shared<std::function<void(int)>>(std::move(on_ready))}) {
  must(uv_poll_init(&loop.impl().loop, &impl_->uv, fd), "watch descriptor");
  impl_->uv.data = impl_.get();
}
FdWatch::~FdWatch() = default;
FdWatch::FdWatch(FdWatch&&) noexcept = default;
FdWatch& FdWatch::operator=(FdWatch&&) noexcept = default;

void FdWatch::want(int interest) {
  if (interest == 0) {
    uv_poll_stop(&impl_->uv);
    return;
  }
  int events = UV_DISCONNECT;
  if ((interest & Readable) != 0) events |= UV_READABLE;
  if ((interest & Writable) != 0) events |= UV_WRITABLE;
  uv_poll_start(&impl_->uv, events, [](uv_poll_t* uv, int status, int ready) {
    // Shared, so that a callback which destroys the watch outlives it, without
    // copying a function at each event.
    const auto call = static_cast<Impl*>(uv->data)->callback;
    int result = 0;
    if (status < 0 || (ready & (UV_READABLE | UV_DISCONNECT)) != 0)
      result |= Readable;
    if (status < 0 || (ready & UV_WRITABLE) != 0) result |= Writable;
    if (call) (*call)(result);
  });
}

struct SignalWatch::Impl {
  uv_signal_t uv;
  std::function<void()> callback;
};

void SignalWatch::Closer::operator()(Impl* impl) const {
  close_and_free(impl);
}

SignalWatch::SignalWatch(EventLoop& loop, int signal,
                         std::function<void()> on_signal)
    : impl_(new Impl{{}, std::move(on_signal)}) {
  must(uv_signal_init(&loop.impl().loop, &impl_->uv), "signal watch");
  impl_->uv.data = impl_.get();
  must(uv_signal_start(
           &impl_->uv,
           [](uv_signal_t* uv, int) {
             const auto call = static_cast<Impl*>(uv->data)->callback;
             if (call) call();
           },
           signal),
       "signal watch");
}
SignalWatch::~SignalWatch() = default;
SignalWatch::SignalWatch(SignalWatch&&) noexcept = default;
SignalWatch& SignalWatch::operator=(SignalWatch&&) noexcept = default;

}  // namespace base
