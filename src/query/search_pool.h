#pragma once
// The threads of one search: units go in, what was found comes out, each as a
// future, so that streams may wait for theirs in the order they want. With one
// thread a unit is searched when its answer is asked for, by who asks; so is
// the very first one, for where there are no others threads cost more than it.

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "base/worker_pool.h"
#include "query/block_search.h"

namespace query {

class SearchPool {
 public:
  // `threads`: at least 1. Borrows the filter; searchers have
  // clones.
  SearchPool(const LineFilter& filter, bool wants_text, size_t threads);
  ~SearchPool();  // what is not begun is not searched any more

  std::future<UnitHits> search(Unit unit);
  // What was looked at, for its memory: pages that go from thread to thread
  // cost more than the search.
  void give_back(UnitHits hits);
  size_t threads() const { return threads_; }
  const LineFilter& filter() const { return filter_; }

 private:
  UnitHits search_on(size_t thread, const Unit& unit);
  UnitHits take_spare();

  const LineFilter& filter_;
  bool wants_text_;
  size_t threads_;
  bool begun_ = false;  // a unit has come
  // One a thread, and the last for who asks.
  std::vector<std::unique_ptr<Searcher>> searchers_;
  std::mutex mutex_;
  std::vector<UnitHits> spare_;
  std::atomic<bool> cancelled_ = false;
  std::unique_ptr<base::WorkerPool> workers_;  // once they are needed
};

}  // namespace query
