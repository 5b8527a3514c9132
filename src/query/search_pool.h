#pragma once
// The threads of one search: units go in, what was found comes out, each as an
// answer, so that streams may wait for theirs in the order they want. Who waits
// is one of the threads: it searches what it waits for when nobody has begun,
// or else what is next. It is the only one at first: for a few units another
// thread costs more, with memory of its own to get, than it takes off.

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "base/spares.h"
#include "base/worker_pool.h"
#include "query/block_search.h"

namespace query {

class SearchPool {
  struct Job;

 public:
  // What a unit gives; for the thread that asks. Goes before its pool does.
  class Answer {
   public:
    Answer() = default;
    UnitHits get();  // once
    // Nobody wants it: not begun, or waited for.
    void drop();

   private:
    friend SearchPool;
    Answer(SearchPool& pool, std::shared_ptr<Job> job)
        : pool_(&pool), job_(std::move(job)) {}
    SearchPool* pool_ = nullptr;
    std::shared_ptr<Job> job_;
  };

  // `threads`: at least 1, of which one is that of who asks. Borrows the
  // filter; searchers have clones.
  SearchPool(const LineFilter& filter, bool wants_text, size_t threads);
  ~SearchPool();  // what is not begun is not searched any more

  Answer search(Unit unit);
  // What was looked at, for its memory: pages that go from thread to thread
  // cost more than the search.
  void give_back(UnitHits hits);
  size_t threads() const { return threads_; }
  const LineFilter& filter() const { return filter_; }

 private:
  void run(size_t thread, Job& job);
  void run_here(Job& job);
  // Lets other threads take what is kept back, once that is worth it.
  void hand_out();
  // Searches something that is not begun; false: there is nothing.
  bool help();

  const LineFilter& filter_;
  bool wants_text_;
  size_t threads_;
  size_t run_here_ = 0;  // units, by who asks
  std::chrono::steady_clock::duration spent_here_{};
  // One a thread, and the last for who asks.
  std::vector<std::unique_ptr<Searcher>> searchers_;
  std::deque<std::shared_ptr<Job>> kept_;  // that no other thread knows of
  std::deque<std::shared_ptr<Job>> handed_out_;  // begun or not
  base::Spares<UnitHits> spares_;
  std::atomic<bool> cancelled_ = false;
  std::unique_ptr<base::WorkerPool> workers_;  // once they are needed
};

}  // namespace query
