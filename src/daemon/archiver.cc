#include "daemon/archiver.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "rotate/archiving.h"
#include "rotate/recovery.h"

namespace daemon_ {
namespace {

namespace fs = base::fs;

constexpr size_t kAtOnce = 2;
// So many times as long as a frame took.
constexpr int kRestInFlood = 40;
constexpr std::chrono::milliseconds kRestLook{10};

}  // namespace

Archiver::Archiver(const base::Clock& clock, rotate::Storage& storage,
                   base::WorkerPool& storage_worker)
    : clock_(clock),
      storage_(storage),
      storage_worker_(storage_worker),
      flood_(clock),
      workers_(std::make_unique<base::WorkerPool>(
          std::min<size_t>(kAtOnce,
                           std::max(1U, std::thread::hardware_concurrency())),
          base::WorkerPool::Priority::Idle)) {}

Archiver::~Archiver() {
  end();
}

void Archiver::end() {
  ending_ = true;
  workers_.reset();
}

// While logs are written fast there is no job; two at once are for what has
// gathered by then.
void Archiver::next() {
  while (making_ < (flood_.is_on() ? 1 : kAtOnce) && !ending_) {
    auto job = storage_.next_job();
    if (!job) return;
    ++making_;
    workers_->submit([this, job = std::move(*job)] { archive(job); });
  }
}

// Between two frames, on a worker: in a flood a small part of the time is
// worked.
bool Archiver::may_go_on(base::MonoTime& since) const {
  const auto worked = clock_.mono() - since;
  const auto until = clock_.mono() + kRestInFlood * worked;
  while (!ending_ && flood_.is_on() && clock_.mono() < until)
    std::this_thread::sleep_for(kRestLook);
  since = clock_.mono();
  return !ending_;
}

// On a worker.
void Archiver::archive(const rotate::ArchiveJob& job) {
  auto since = clock_.mono();
  auto archived = rotate::archive_segment(job.segment, job.options,
                                          [&] { return may_go_on(since); });
  storage_worker_.submit(
      [this, segment = job.segment, archived = std::move(archived)] {
        --making_;
        if (ending_) return;
        if (archived) {
          storage_.archived(segment);
        } else {
          if (fs::exists(segment.path))
            base::log::warn("{}", archived.error().message);
          failed_.push_back(segment);
        }
        if (making_ == 0) settle_failed();
        if (failed_.empty()) next();
      });
}

// An archive may have got as far as its name. Not while another is half made
// beside it.
void Archiver::settle_failed() {
  for (const auto& segment : std::exchange(failed_, {})) {
    (void)rotate::recover_archives(fs::dir_name(segment.path));
    storage_.archived(segment);
  }
}

}  // namespace daemon_
