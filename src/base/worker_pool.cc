#include "base/worker_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace base {
namespace {

// Where it is refused the work is done all the same.
void become_idle() {
  const sched_param none{};
  (void)::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &none);
  // No wrapper in libc: of this thread, the idle class (linux/ioprio.h).
  constexpr int kThisThread = 1;
  constexpr int kIdleClass = 3 << 13;
  (void)::syscall(SYS_ioprio_set, kThisThread, 0, kIdleClass);
}

}  // namespace

WorkerPool::~WorkerPool() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
}  // jthreads join as `threads` goes

void WorkerPool::submit(std::function<void()> job) {
  submit([job = std::move(job)](size_t) { job(); });
}

void WorkerPool::submit(std::function<void(size_t)> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < limit_)
      threads_.emplace_back([this, number = threads_.size()] { work(number); });
  }
  wake_.notify_one();
}

void WorkerPool::work(size_t thread) {
  if (priority_ == Priority::Idle) become_idle();
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(thread);
    job = nullptr;
    lock.lock();
  }
}

}  // namespace base
