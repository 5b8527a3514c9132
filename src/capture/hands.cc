#include "capture/hands.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/fs.h"

namespace capture {

Hands::Hands(Loop loop) : loop_(std::move(loop)) {}

Hands::~Hands() {
  const std::lock_guard lock(mutex_);
  for (auto& thread : threads_)
    if (thread.joinable()) thread.detach();
}

void Hands::start() {
  const std::lock_guard lock(mutex_);
  turn_ = std::make_shared<Holding>();
  spawn(true);
  ++running_;
  threads_.emplace_back([this] { monitor(); });
}

void Hands::spawn(bool as_loop) {
  ++running_;
  if (!as_loop) ++workers_;
  threads_.emplace_back([this, as_loop] { run(as_loop); });
}

bool Hands::stop(base::MonoTime deadline) {
  std::vector<std::thread> threads;
  {
    std::unique_lock lock(mutex_);
    if (threads_.empty()) return true;
    ended_.wait_until(lock, deadline, [this] { return loop_ended_; });
    closing_ = true;
    wake_workers_.notify_all();
    wake_monitor_.notify_all();
    if (!ended_.wait_until(lock, deadline, [this] { return running_ == 0; }))
      return false;
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.join();
  return true;
}

Hands::Turn Hands::begin() {
  Turn turn = turn_;
  turn->state.store(Performing, std::memory_order_release);
  begun_.fetch_add(1);
  // Either we see that the monitor sleeps, or it sees that we began.
  if (!watching_) {
    const std::lock_guard lock(mutex_);
    watching_ = true;
    wake_monitor_.notify_one();
  }
  return turn;
}

bool Hands::end(const Turn& turn) {
  uint32_t expected = Performing;
  return turn->state.compare_exchange_strong(expected, Idle);
}

void Hands::submit(uint64_t device, Task operation) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back({device, std::move(operation)});
  if (next_task() != tasks_.end() && idle_ < tasks_.size() &&
      workers_ < kMostWorkers)
    spawn(false);
  wake_workers_.notify_one();
}

// The first whose device has not too many workers already.
std::deque<Hands::Waiting>::iterator Hands::next_task() {
  return std::ranges::find_if(tasks_, [this](const Waiting& waiting) {
    const auto found = performing_.find(waiting.device);
    return found == performing_.end() || found->second < kMostOfDevice;
  });
}

void Hands::run(bool as_loop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (as_loop) {
      turn_->thread = static_cast<int>(::syscall(SYS_gettid));
      lock.unlock();
      const bool ended = loop_();
      lock.lock();
      if (ended) {
        loop_ended_ = true;
        ended_.notify_all();
      }
      as_loop = false;
      ++workers_;
    }
    ++idle_;
    wake_workers_.wait(lock, [this] {
      return closing_ || loop_wanted_ || next_task() != tasks_.end();
    });
    --idle_;
    if (loop_wanted_) {
      loop_wanted_ = false;
      --workers_;
      as_loop = true;
    } else if (const auto next = next_task(); next != tasks_.end()) {
      const Waiting task = std::move(*next);
      tasks_.erase(next);
      ++performing_[task.device];
      lock.unlock();
      task.operation();
      lock.lock();
      if (--performing_[task.device] == 0) performing_.erase(task.device);
    } else {
      break;
    }
  }
  --workers_;
  --running_;
  ended_.notify_all();
}

// A thread that has no processor, because others want them all, does not hang.
bool Hands::is_waiting(int thread) {
  auto stat = base::fs::read_file(
      "/proc/self/task/" + std::to_string(thread) + "/stat", 4096);
  if (!stat) return true;
  // "tid (name) S ...": the name may hold anything.
  const auto name_end = stat->rfind(") ");
  return name_end == stat->npos || name_end + 2 >= stat->size() ||
         (*stat)[name_end + 2] != 'R';
}

void Hands::monitor() {
  std::unique_lock lock(mutex_);
  uint64_t seen = begun_;
  while (!closing_) {
    const Turn turn = turn_;
    const bool performing = turn->state == Performing;
    const uint64_t begun = begun_;
    if (begun == seen && !performing) {
      watching_ = false;
      if (begun_ == begun)
        wake_monitor_.wait(lock, [this] { return closing_ || watching_; });
      watching_ = true;
      seen = begun_ - 1;  // something began: look once more before sleeping
      continue;
    }
    seen = begun;
    wake_monitor_.wait_for(lock, kPatience, [this] { return closing_; });
    uint32_t expected = Performing;
    if (!performing || begun_ != begun || !is_waiting(turn->thread) ||
        !turn->state.compare_exchange_strong(expected, Taken))
      continue;
    turn_ = std::make_shared<Holding>();
    if (idle_ > tasks_.size()) {  // the others are spoken for
      loop_wanted_ = true;
      wake_workers_.notify_all();
    } else {
      spawn(true);
    }
  }
  --running_;
  ended_.notify_all();
}

}  // namespace capture
