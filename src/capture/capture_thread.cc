#include "capture/capture_thread.h"

#include <utility>

#include "capture/loop.h"

namespace capture {

CaptureThread::CaptureThread(Options options, Observer& observer)
    : loop_(std::make_unique<Loop>(options, observer)) {
  loop_->start();
}

CaptureThread::~CaptureThread() {
  (void)stop();
}

void CaptureThread::use(Spool spool) {
  // Shared, because a posted function must be copyable and memory isn't.
  auto given = std::make_shared<Spool>(std::move(spool));
  loop_->post([loop = loop_.get(), given] { loop->use(std::move(*given)); });
}

void CaptureThread::add(SourceInfo info, base::UniqueFd pipe, SinkSpec sink) {
  auto source = std::make_shared<Adopted>(
      Adopted{std::move(info), std::move(pipe), std::move(sink)});
  loop_->post([loop = loop_.get(), source] { loop->add(std::move(*source)); });
}

void CaptureThread::adopt(std::vector<Adopted> sources,
                          std::vector<SinkSpec> known) {
  auto all = std::make_shared<std::vector<Adopted>>(std::move(sources));
  loop_->post([loop = loop_.get(), all, known = std::move(known)] {
    loop->adopt(std::move(*all), known);
  });
}

void CaptureThread::drain(uint64_t source_id, std::function<void()> done) {
  loop_->post([loop = loop_.get(), source_id, done = std::move(done)] {
    loop->drain(source_id, done);
  });
}

void CaptureThread::replace(std::vector<std::string> live_paths,
                            base::MonoTime older_than,
                            std::function<void(std::vector<Replaced>)> done) {
  loop_->post(
      [loop = loop_.get(), paths = std::move(live_paths), older_than,
       done = std::move(done)] { loop->replace(paths, older_than, done); });
}

void CaptureThread::seal(std::vector<SealRequest> requests,
                         std::function<void(std::vector<Sealed>)> done) {
  loop_->post([loop = loop_.get(), all = std::move(requests),
               done = std::move(done)] { loop->seal(all, done); });
}

void CaptureThread::look(std::function<void(size_t)> done) {
  loop_->post(
      [loop = loop_.get(), done = std::move(done)] { loop->look(done); });
}

void CaptureThread::set_max_sizes(std::map<std::string, uint64_t> sizes) {
  loop_->post([loop = loop_.get(), sizes = std::move(sizes)] {
    loop->set_max_sizes(sizes);
  });
}

void CaptureThread::live_files(
    std::function<void(std::vector<LiveState>)> done) {
  loop_->post([loop = loop_.get(), done = std::move(done)] {
    done(loop->live_files());
  });
}

void CaptureThread::remove(std::vector<std::string> live_paths,
                           std::function<void(base::Status)> done) {
  loop_->post([loop = loop_.get(), paths = std::move(live_paths),
               done = std::move(done)] { loop->remove(paths, done); });
}

bool CaptureThread::stop() {
  if (!loop_) return true;
  const bool stopped = loop_->stop();
  // A thread that hangs in a disk still uses it; the process ends soon.
  if (!stopped) (void)loop_.release();
  return stopped;
}

}  // namespace capture
