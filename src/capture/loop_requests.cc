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
  // At its end, and being written; or all is read, and a file that can't be
  // written now would only keep it from being found empty.
  if (!attached.source->pipe || attached.source->pipe->waiting() == 0) {
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
  // What still waits then is held, until its line ends or the file is free.
  if (!sink.busy() && !sink.blocked()) finish_drain(attached);
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
  std::vector<size_t> closed;
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
    closed.push_back(i);
  }
  // Nobody writes these, so anybody may replace them: elsewhere, for the disk
  // may hang.
  if (!closed.empty()) {
    hands_.submit([this, all, closed = std::move(closed)] {
      for (const size_t i : closed) {
        auto bytes = replace_closed(all->results[i].path);
        if (bytes)
          all->results[i].bytes = *bytes;
        else
          all->results[i].error = std::move(bytes.error());
      }
      events_.post([all, count = closed.size()] {
        all->left -= count;
        all->answer_if_complete();
      });
    });
  }
  --all->left;
  all->answer_if_complete();
}

void CaptureThread::Loop::remove(std::vector<std::string> paths,
                                 std::function<void(base::Status)> done) {
  for (const auto& path : paths) {
    if (const auto found = files_.find(path); found != files_.end()) {
      auto file = std::move(found->second);
      files_.erase(found);
      while (!file->sources.empty()) release(*file->sources.front());
      file->sink->abandon();
      std::erase(due_, file.get());
      // An operation under way still uses its entry.
      if (file->sink->busy()) {
        bench().spool.forget_path(file->sink->entry_index());
        leaving_.push_back(std::move(file));
      } else {
        bench().spool.remove_sink(file->sink->entry_index());
      }
    }
  }
  hands_.submit([this, paths = std::move(paths), done = std::move(done)] {
    base::Status first;
    for (const auto& path : paths) {
      auto removed = base::fs::unlink(path);
      if (!removed && first) first = std::move(removed);
    }
    events_.post([done, first] { done(first); });
  });
}

}  // namespace capture
