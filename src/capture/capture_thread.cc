#include "capture/capture_thread.h"

#include <algorithm>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/event_loop.h"
#include "base/fs.h"
#include "base/log.h"
#include "capture/pacer.h"
#include "capture/pipe_reader.h"

namespace capture {
namespace {

constexpr size_t kReadSize = size_t{256} << 10;
constexpr base::Millis kDrainLimit{1000};

// Pipes hold 1 MiB at most, and a read takes 256 KiB.
constexpr int kLastReads = 8;

}  // namespace

// All that lives on the thread. Made and destroyed by the owner's thread, with
// the thread not running.
class CaptureThread::Loop {
 public:
  Loop(Options options, Observer& observer)
      : observer_(observer),
        bench_{events_, options.clock, observer, Stamper(options.clock), {},
               {}},
        buffer_(std::make_unique_for_overwrite<char[]>(kReadSize)) {}

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    events_.stop();
    thread_.join();
  }
  void post(std::function<void()> task) { events_.post(std::move(task)); }

  void attach(Adopted source, bool adopted);
  void drain(uint64_t id, std::function<void()> done);
  void replace(const std::vector<std::string>& paths,
               std::function<void(std::vector<Replaced>)> done);
  base::Status remove(const std::vector<std::string>& paths);

 private:
  struct Source;
  struct File {
    std::unique_ptr<Sink> sink;
    std::vector<Source*> sources;
  };
  struct Drain {
    size_t left = 0;  // bytes that were in the pipe and are still to be read
    std::vector<std::function<void()>> done;
    std::unique_ptr<base::Timer> limit;
  };
  struct Source {
    File* file = nullptr;
    std::unique_ptr<PipeReader> pipe;
    std::unique_ptr<Drain> drain;
  };

  void run();
  File& file(const std::string& path);
  void read(uint64_t id);
  void end(uint64_t id);
  void advance_drain(Source& source, size_t bytes, bool empty);
  static void finish_drain(Source& source);
  void listen(File& file);
  void close_if_idle(const std::string& path);
  void finish();

  Observer& observer_;
  base::EventLoop events_;
  Sink::Bench bench_;
  Pacer pacer_;
  PipeBudget budget_;
  std::unique_ptr<char[]> buffer_;  // not touched before it is used
  std::map<std::string, File> files_;
  std::unordered_map<uint64_t, Source> sources_;
  std::thread thread_;
};

void CaptureThread::Loop::run() {
  while (!events_.stopped()) {
    events_.run_once();
    const auto rest = pacer_.rest(bench_.clock.mono());
    if (rest.count() > 0) events_.rest(rest);
  }
  finish();
}

void CaptureThread::Loop::finish() {
  // What apps wrote last may still be in their pipes.
  std::vector<uint64_t> ids;
  for (const auto& [id, source] : sources_) ids.push_back(id);
  for (const uint64_t id : ids)
    for (int reads = 0; reads < kLastReads && sources_.contains(id) &&
                        sources_.at(id).pipe->waiting() > 0;
         ++reads)
      read(id);
  for (auto& [id, source] : sources_)
    if (source.drain) finish_drain(source);
  for (auto& [path, file] : files_) file.sink->finish();
  sources_.clear();
  files_.clear();
}

CaptureThread::Loop::File& CaptureThread::Loop::file(const std::string& path) {
  File& found = files_[path];
  if (!found.sink)
    found.sink = std::make_unique<Sink>(bench_, path, [this, path] {
      listen(files_.at(path));
      close_if_idle(path);
    });
  return found;
}

void CaptureThread::Loop::attach(Adopted from, bool adopted) {
  const uint64_t id = from.info.id;
  if (sources_.contains(id)) {
    base::log::error("capture: source {} attached twice", id);
    return;
  }
  File& into = file(from.live_path);
  into.sink->attach(from.info, adopted);
  Source& source = sources_[id];
  source.file = &into;
  source.pipe = std::make_unique<PipeReader>(
      events_, budget_, std::move(from.info), std::move(from.pipe),
      [this, id] { read(id); });
  into.sources.push_back(&source);
  listen(into);
}

// One read, one batch: a source that never stops does not starve the others.
void CaptureThread::Loop::read(uint64_t id) {
  Source& source = sources_.at(id);
  File& into = *source.file;
  const size_t room = into.sink->room(id);
  if (room == 0) {
    listen(into);
    return;
  }
  const std::span<char> buffer(buffer_.get(), std::min(room, kReadSize));
  const auto n = source.pipe->read(buffer);
  if (!n && n.error().code == base::Errc::WouldBlock) {
    advance_drain(source, 0, true);
    return;
  }
  if (!n) base::log::error("capture: {}", n.error().message);
  if (!n || *n == 0) {
    end(id);
    return;
  }
  pacer_.on_read(*n, source.pipe->capacity(), *n == buffer.size());
  into.sink->feed(id, {buffer.data(), *n});
  listen(into);
  advance_drain(source, *n, false);
}

void CaptureThread::Loop::end(uint64_t id) {
  Source& source = sources_.at(id);
  File& into = *source.file;
  const std::string path = into.sink->path();
  into.sink->end(id);
  std::erase(into.sources, &source);
  if (source.drain) finish_drain(source);
  sources_.erase(id);
  observer_.on_source_ended(id);
  listen(into);
  close_if_idle(path);
}

void CaptureThread::Loop::listen(File& changed) {
  for (Source* const source : changed.sources)
    source->pipe->listen(changed.sink->room(source->pipe->info().id) > 0);
}

void CaptureThread::Loop::close_if_idle(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end() || !found->second.sources.empty()) return;
  if (found->second.sink->idle()) files_.erase(found);
}

void CaptureThread::Loop::drain(uint64_t id, std::function<void()> done) {
  const auto found = sources_.find(id);
  if (found == sources_.end()) {
    done();
    return;
  }
  Source& source = found->second;
  if (!source.drain) source.drain = std::make_unique<Drain>();
  source.drain->done.push_back(std::move(done));
  source.drain->left = source.pipe->waiting();
  if (!source.drain->limit) {
    source.drain->limit = std::make_unique<base::Timer>(
        events_, [this, id] { finish_drain(sources_.at(id)); });
    source.drain->limit->start(kDrainLimit);
  }
  read(id);  // now, not when the pipe's turn comes
}

void CaptureThread::Loop::advance_drain(Source& source, size_t bytes,
                                        bool empty) {
  if (!source.drain) return;
  Drain& drain = *source.drain;
  drain.left -= std::min(drain.left, bytes);
  if (empty || drain.left == 0) finish_drain(source);
}

void CaptureThread::Loop::finish_drain(Source& source) {
  const auto drain = std::move(source.drain);
  for (const auto& done : drain->done) done();
}

void CaptureThread::Loop::replace(
    const std::vector<std::string>& paths,
    std::function<void(std::vector<Replaced>)> done) {
  struct Gathering {
    std::vector<Replaced> results;
    size_t left = 0;
    std::function<void(std::vector<Replaced>)> done;
    void answer_if_complete() {
      if (left == 0) done(std::move(results));
    }
  };
  // Shared: each file answers at its own line end, and the last one answers
  // for all.
  const auto all = std::make_shared<Gathering>();
  all->results.resize(paths.size());
  all->left = paths.size() + 1;
  all->done = std::move(done);
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto found = files_.find(paths[i]);
    if (found != files_.end()) {
      found->second.sink->replace([all, i](Replaced replaced) {
        all->results[i] = std::move(replaced);
        --all->left;
        all->answer_if_complete();
      });
      listen(found->second);
      close_if_idle(paths[i]);
      continue;
    }
    all->results[i].path = paths[i];
    bench_.replaced[paths[i]] = bench_.clock.mono();
    auto bytes = store::LiveFile::replace_closed(paths[i]);
    if (bytes)
      all->results[i].bytes = *bytes;
    else
      all->results[i].error = std::move(bytes.error());
    --all->left;
  }
  --all->left;
  all->answer_if_complete();
}

base::Status CaptureThread::Loop::remove(
    const std::vector<std::string>& paths) {
  base::Status first;
  for (const auto& path : paths) {
    if (const auto found = files_.find(path); found != files_.end()) {
      const auto sources = std::move(found->second.sources);
      for (Source* const source : sources) {
        if (source->drain) finish_drain(*source);
        const uint64_t id = source->pipe->info().id;
        sources_.erase(id);
        observer_.on_source_ended(id);
      }
      found->second.sink->finish();  // answers a flush that waits
      files_.erase(found);
    }
    auto removed = base::fs::unlink(path);
    if (!removed && first) first = std::move(removed);
  }
  return first;
}

CaptureThread::CaptureThread(Options options, Observer& observer)
    : loop_(std::make_unique<Loop>(options, observer)) {
  loop_->start();
}

CaptureThread::~CaptureThread() {
  stop();
}

void CaptureThread::add(SourceInfo info, base::UniqueFd pipe,
                        std::string live_path) {
  // Shared, because a posted function must be copyable and a descriptor isn't.
  auto source = std::make_shared<Adopted>(
      Adopted{std::move(info), std::move(pipe), std::move(live_path)});
  loop_->post([this, source] { loop_->attach(std::move(*source), false); });
}

void CaptureThread::adopt(std::vector<Adopted> sources) {
  auto all = std::make_shared<std::vector<Adopted>>(std::move(sources));
  loop_->post([this, all] {
    for (auto& source : *all) loop_->attach(std::move(source), true);
  });
}

void CaptureThread::drain(uint64_t source_id, std::function<void()> done) {
  loop_->post([this, source_id, done = std::move(done)] {
    loop_->drain(source_id, done);
  });
}

void CaptureThread::replace(std::vector<std::string> live_paths,
                            std::function<void(std::vector<Replaced>)> done) {
  loop_->post([this, paths = std::move(live_paths), done = std::move(done)] {
    loop_->replace(paths, done);
  });
}

void CaptureThread::remove(std::vector<std::string> live_paths,
                           std::function<void(base::Status)> done) {
  loop_->post([this, paths = std::move(live_paths), done = std::move(done)] {
    done(loop_->remove(paths));
  });
}

void CaptureThread::stop() {
  loop_->stop();
}

}  // namespace capture
