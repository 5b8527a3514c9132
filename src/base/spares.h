#pragma once
// Things that were used and may be used again, for the memory they hold: what
// one thread gives another takes. Any thread; in no order.

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace base {

template <class T>
class Spares {
 public:
  // More than `most` are not kept.
  explicit Spares(size_t most) : most_(most) {}

  // A new one when there is none.
  T take() {
    const std::lock_guard lock(mutex_);
    if (spares_.empty()) return {};
    T spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
  }
  void give(T spare) {
    const std::lock_guard lock(mutex_);
    if (spares_.size() < most_) spares_.push_back(std::move(spare));
  }

 private:
  const size_t most_;
  std::mutex mutex_;
  std::vector<T> spares_;  // guarded by mutex_
};

}  // namespace base
