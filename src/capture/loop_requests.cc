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

// Answers of several files, each when it has one; the last of them answers for
// all. Shared by those who are to answer.
template <class Answer>
struct Gathering {
  Gathering(size_t count, std::function<void(std::vector<Answer>)> told)
      : answers(count), left(count + 1), done(std::move(told)) {}
  // That so many are there; the one who asked counts as one.
  void arrived(size_t count = 1) {
    left -= count;
    if (left == 0) done(std::move(answers));
  }
  std::vector<Answer> answers;
  size_t left;
  std::function<void(std::vector<Answer>)> done;
};

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
    const std::vector<std::string>& paths, base::MonoTime older_than,
    std::function<void(std::vector<Replaced>)> done) {
  const auto all =
      std::make_shared<Gathering<Replaced>>(paths.size(), std::move(done));
  std::vector<size_t> closed;
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto found = files_.find(paths[i]);
    if (found != files_.end()) {
      found->second->sink->replace(older_than, [all, i](Replaced replaced) {
        all->answers[i] = std::move(replaced);
        all->arrived();
      });
      set_due(*found->second);
      continue;
    }
    all->answers[i].path = paths[i];
    bench().replaced[paths[i]] = clock_.mono();
    bench().left.erase(paths[i]);
    closed.push_back(i);
  }
  // Nobody writes these, so anybody may replace them: elsewhere, for the disk
  // may hang.
  if (!closed.empty()) {
    hands_.submit(0, [this, all, closed = std::move(closed)] {
      for (const size_t i : closed) {
        auto bytes = replace_closed(all->answers[i].path);
        if (bytes)
          all->answers[i].bytes = *bytes;
        else
          all->answers[i].error = std::move(bytes.error());
      }
      events_.post([all, count = closed.size()] { all->arrived(count); });
    });
  }
  all->arrived();
}

// A file that nobody writes gets a sink too, for as long as it takes: should
// its app start meanwhile, there is never a second writer.
void CaptureThread::Loop::seal(const std::vector<SealRequest>& requests,
                               std::function<void(std::vector<Sealed>)> done) {
  const auto all =
      std::make_shared<Gathering<Sealed>>(requests.size(), std::move(done));
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto& [spec, begun_before] = requests[i];
    const auto found = files_.find(spec.path);
    base::Result<File*> file =
        found != files_.end() ? found->second.get() : file_for(spec);
    if (!file) {
      all->answers[i] = {.path = spec.path, .error = std::move(file.error())};
      all->arrived();
      continue;
    }
    (*file)->sink->seal(begun_before, [all, i](Sealed sealed) {
      all->answers[i] = std::move(sealed);
      all->arrived();
    });
    set_due(**file);
  }
  all->arrived();
}

void CaptureThread::Loop::look(std::function<void(size_t)> done) {
  const auto all = std::make_shared<Gathering<char>>(
      files_.size(), [done = std::move(done)](const auto& reopened) {
        done(static_cast<size_t>(std::ranges::count(reopened, 1)));
      });
  size_t i = 0;
  for (auto& [path, file] : files_) {
    file->sink->look([all, at = i++](bool reopened) {
      all->answers[at] = reopened ? 1 : 0;
      all->arrived();
    });
    set_due(*file);
  }
  all->arrived();
}

void CaptureThread::Loop::set_max_sizes(
    const std::map<std::string, uint64_t>& sizes) {
  for (const auto& [path, size] : sizes) {
    const auto found = files_.find(path);
    if (found == files_.end()) continue;
    found->second->sink->set_max_size(size);
    set_due(*found->second);
  }
}

std::vector<LiveState> CaptureThread::Loop::live_files() const {
  std::vector<LiveState> states;
  states.reserve(files_.size());
  for (const auto& [path, file] : files_) {
    if (path != "/dev/null") states.push_back(file->sink->state());
  }
  return states;
}

void CaptureThread::Loop::remove(std::vector<std::string> paths,
                                 std::function<void(base::Status)> done) {
  for (const auto& path : paths) {
    if (bench_) bench_->left.erase(path);
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
  hands_.submit(0, [this, paths = std::move(paths), done = std::move(done)] {
    base::Status first;
    for (const auto& path : paths) {
      auto removed = base::fs::unlink(path);
      if (!removed && first) first = std::move(removed);
    }
    events_.post([done, first] { done(first); });
  });
}

}  // namespace capture
