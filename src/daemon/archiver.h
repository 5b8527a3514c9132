#pragma once
// Makes archives of segments that wait for it: two at once, at idle priority,
// in a flood of logs one in a small part of the time. What is to be made and
// what becomes of it is the storage worker's to say.

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "daemon/flood.h"
#include "rotate/storage.h"
#include "store/segments.h"

namespace daemon_ {

class Archiver {
 public:
  // Borrows them; `storage` is used on that worker alone.
  Archiver(const base::Clock& clock, rotate::Storage& storage,
           base::WorkerPool& storage_worker);
  ~Archiver();

  // Of a live file; from one thread.
  void sealed(uint64_t bytes) { flood_.sealed(bytes); }
  // Begins what there is to do; on the storage worker.
  void next();
  // No more; what is half made is given up. Before the storage worker ends.
  void end();

 private:
  void archive(const rotate::ArchiveJob& job);
  bool may_go_on(base::MonoTime& since) const;
  void settle_failed();

  const base::Clock& clock_;
  rotate::Storage& storage_;
  base::WorkerPool& storage_worker_;
  std::atomic<bool> ending_{false};
  Flood flood_;
  // The storage worker's: archives being made, and segments of which none
  // could be.
  size_t making_ = 0;
  std::vector<store::Segment> failed_;
  std::unique_ptr<base::WorkerPool> workers_;
};

}  // namespace daemon_
