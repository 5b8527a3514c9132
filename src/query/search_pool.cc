#include "query/search_pool.h"

namespace query {

SearchPool::SearchPool(const LineFilter& filter, bool wants_text,
                       size_t threads)
    : filter_(filter),
      wants_text_(wants_text),
      threads_(threads),
      searchers_(threads) {
  if (threads > 1) workers_ = std::make_unique<base::WorkerPool>(threads);
}

SearchPool::~SearchPool() {
  cancelled_ = true;
  workers_.reset();
}

UnitHits SearchPool::search_on(size_t thread, const Unit& unit) {
  auto& searcher = searchers_[thread];
  if (!searcher) searcher = std::make_unique<Searcher>(filter_, wants_text_);
  return searcher->search(unit);
}

std::future<UnitHits> SearchPool::search(Unit unit) {
  if (!workers_)
    return std::async(std::launch::deferred, [this, unit = std::move(unit)] {
      return search_on(0, unit);
    });
  // Shared because a job must be copyable; it has one owner at a time.
  auto answer = std::make_shared<std::promise<UnitHits>>();
  auto future = answer->get_future();
  workers_->submit([this, answer, unit = std::move(unit)](size_t thread) {
    answer->set_value(cancelled_ ? UnitHits{} : search_on(thread, unit));
  });
  return future;
}

}  // namespace query
