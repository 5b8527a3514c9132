#include "query/search_pool.h"

#include <utility>

namespace query {
namespace {

constexpr size_t kMostSpare = size_t{4} << 20;

}  // namespace

SearchPool::SearchPool(const LineFilter& filter, bool wants_text,
                       size_t threads)
    : filter_(filter),
      wants_text_(wants_text),
      threads_(threads),
      searchers_(threads + 1) {}

SearchPool::~SearchPool() {
  cancelled_ = true;
  workers_.reset();
}

UnitHits SearchPool::search_on(size_t thread, const Unit& unit) {
  auto& searcher = searchers_[thread];
  if (!searcher) searcher = std::make_unique<Searcher>(filter_, wants_text_);
  return searcher->search(unit, take_spare());
}

UnitHits SearchPool::take_spare() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return {};
  UnitHits spare = std::move(spare_.back());
  spare_.pop_back();
  return spare;
}

void SearchPool::give_back(UnitHits hits) {
  if (hits.hits.capacity() == 0 || hits.text.capacity() > kMostSpare) return;
  hits.text.clear();
  hits.hits.clear();
  hits.bytes = hits.unlevelled = 0;
  hits.problem.reset();
  hits.damage.reset();
  const std::lock_guard lock(mutex_);
  if (spare_.size() < 2 * threads_) spare_.push_back(std::move(hits));
}

std::future<UnitHits> SearchPool::search(Unit unit) {
  if (threads_ == 1 || !std::exchange(begun_, true))
    return std::async(std::launch::deferred, [this, unit = std::move(unit)] {
      return search_on(threads_, unit);
    });
  if (!workers_) workers_ = std::make_unique<base::WorkerPool>(threads_);
  // Shared because a job must be copyable; it has one owner at a time.
  auto answer = std::make_shared<std::promise<UnitHits>>();
  auto future = answer->get_future();
  workers_->submit([this, answer, unit = std::move(unit)](size_t thread) {
    answer->set_value(cancelled_ ? UnitHits{} : search_on(thread, unit));
  });
  return future;
}

}  // namespace query
