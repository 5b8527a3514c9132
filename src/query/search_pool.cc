#include "query/search_pool.h"

#include <utility>

#include "base/claim.h"

namespace query {
namespace {

constexpr size_t kMostSpare = size_t{8} << 20;
// What one thread does alone, whichever is reached first.
constexpr size_t kUnitsAlone = 12;
constexpr std::chrono::milliseconds kTimeAlone{12};

}  // namespace

struct SearchPool::Job {
  Unit unit;
  UnitHits hits;  // once it is done
  base::Claim claim;
};

// --- answers -----------------------------------------------------------------

UnitHits SearchPool::Answer::get() {
  if (job_->claim.take()) {
    pool_->run_here(*job_);
  } else {
    while (!job_->claim.is_done() && pool_->help()) {
    }
    job_->claim.wait();
  }
  auto hits = std::move(job_->hits);
  job_.reset();
  return hits;
}

void SearchPool::Answer::drop() {
  if (!job_) return;
  // It reads logs that are not ours to keep.
  if (job_->claim.take())
    job_->unit = {};
  else
    job_->claim.wait();
  job_.reset();
}

// --- the pool ----------------------------------------------------------------

SearchPool::SearchPool(const LineFilter& filter, bool wants_text,
                       size_t threads)
    : filter_(filter),
      wants_text_(wants_text),
      threads_(threads),
      searchers_(threads),
      spares_(2 * threads) {}

SearchPool::~SearchPool() {
  cancelled_ = true;
  workers_.reset();
}

void SearchPool::run(size_t thread, Job& job) {
  auto& searcher = searchers_[thread];
  if (!searcher) searcher = std::make_unique<Searcher>(filter_, wants_text_);
  job.hits = searcher->search(job.unit, spares_.take());
  job.unit = {};
  job.claim.finish();
}

void SearchPool::run_here(Job& job) {
  const auto begin = std::chrono::steady_clock::now();
  run(threads_ - 1, job);
  ++run_here_;
  spent_here_ += std::chrono::steady_clock::now() - begin;
  hand_out();
}

void SearchPool::hand_out() {
  if (threads_ == 1 || kept_.empty() ||
      (run_here_ < kUnitsAlone && spent_here_ < kTimeAlone))
    return;
  if (!workers_) workers_ = std::make_unique<base::WorkerPool>(threads_ - 1);
  for (; !kept_.empty(); kept_.pop_front()) {
    auto job = std::move(kept_.front());
    if (!job->claim.is_free()) continue;
    handed_out_.push_back(job);
    workers_->submit([this, job = std::move(job)](size_t thread) {
      if (!cancelled_ && job->claim.take()) run(thread, *job);
    });
  }
}

bool SearchPool::help() {
  while (!handed_out_.empty()) {
    const auto job = std::move(handed_out_.front());
    handed_out_.pop_front();
    if (!job->claim.take()) continue;
    run_here(*job);
    return true;
  }
  return false;
}

void SearchPool::give_back(UnitHits hits) {
  if (hits.hits.capacity() == 0 || hits.text.capacity() > kMostSpare) return;
  hits.clear();
  spares_.give(std::move(hits));
}

SearchPool::Answer SearchPool::search(Unit unit) {
  auto job = std::make_shared<Job>();
  job->unit = std::move(unit);
  for (auto* jobs : {&kept_, &handed_out_})
    while (!jobs->empty() && !jobs->front()->claim.is_free()) jobs->pop_front();
  kept_.push_back(job);
  hand_out();
  return {*this, std::move(job)};
}

}  // namespace query
