// What other threads ask of the loop: that what is in a pipe now be read and
// written, that files be replaced or removed. Files that are written are their
// sink's; those that nobody writes are dealt with here.
#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "capture/loop.h"
#include "store/names.h"

namespace capture {
namespace {

constexpr base::Millis kDrainLimit{1000};

// A file that nobody writes. Its sidecar goes first, as in SinkFile.
base::Result<uint64_t> replace_closed(const std::string& path) {
  if (store::is_unstamped(path))
    if (auto anew = store::TimesFile::replace_closed(store::sidecar_name(path));
        !anew)
      return base::fail(std::move(anew.error()));
  return store::LiveFile::replace_closed(path);
}

}  // namespace

void CaptureThread::Loop::drain(uint64_t id, std::function<void()> done) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    done();
    return;
  }
  Attached& attached = sources_.at(found->second);
  if (!attached.source->pipe) {  // at its end, and being written
    done();
    return;
  }
  if (!attached.drain) attached.drain = std::make_unique<Drain>();
  attached.drain->done.push_back(std::move(done));
  attached.drain->left = attached.source->pipe->waiting();
  if (!attached.drain->limit) {
    attached.drain->limit = std::make_unique<base::Timer>(
        events_,
        [this, index = found->second] { finish_drain(sources_.at(index)); });
    attached.drain->limit->start(kDrainLimit);
  }
  set_ready(attached);  // now, not when the pipe's turn comes
}

void CaptureThread::Loop::advance_drain(Attached& attached, size_t bytes,
                                        bool empty) {
  if (!attached.drain) return;
  Drain& drain = *attached.drain;
  drain.left -= std::min(drain.left, bytes);
  if (!empty && drain.left > 0) return;
  drain.read = true;
  finish_drain_if_written(attached);
}

void CaptureThread::Loop::finish_drain_if_written(Attached& attached) {
  if (!attached.drain || !attached.drain->read) return;
  const Sink& sink = *attached.file->sink;
  if (attached.source->waiting().empty() && !sink.busy() &&
      sink.unwritten() == 0)
    finish_drain(attached);
}

void CaptureThread::Loop::finish_drain(Attached& attached) {
  const auto drain = std::move(attached.drain);
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
      found->second->sink->replace([all, i](Replaced replaced) {
        all->results[i] = std::move(replaced);
        --all->left;
        all->answer_if_complete();
      });
      set_due(*found->second);
      continue;
    }
    all->results[i].path = paths[i];
    bench().replaced[paths[i]] = clock_.mono();
    auto bytes = replace_closed(paths[i]);
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
      auto file = std::move(found->second);
      files_.erase(found);
      while (!file->sources.empty()) release(*file->sources.front());
      file->sink->abandon();
      bench().spool.remove_sink(file->sink->entry_index());
      std::erase(due_, file.get());
      if (file->sink->busy()) leaving_.push_back(std::move(file));
    }
    auto removed = base::fs::unlink(path);
    if (!removed && first) first = std::move(removed);
  }
  return first;
}

}  // namespace capture
