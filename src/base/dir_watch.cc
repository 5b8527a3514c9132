#include "base/dir_watch.h"

#include <utility>

#include "base/inotify.h"

namespace base {

Result<DirWatch> DirWatch::open(EventLoop& loop, const std::string& dir,
                                OnChange on_change, OnBatch on_batch,
                                OnNews on_news) {
  auto inotify = loop.inotify();
  if (!inotify) return fail(std::move(inotify.error()));
  auto entry = (*inotify)->add(
      dir, {std::move(on_change), std::move(on_batch), std::move(on_news)});
  if (!entry) return fail(std::move(entry.error()));
  return DirWatch({entry->watcher, Closer{*inotify, entry->directory}});
}

void DirWatch::Closer::operator()(const DirWatcher* watcher) const {
  inotify->remove({watcher, directory});
}

DirWatch::~DirWatch() = default;
DirWatch::DirWatch(DirWatch&&) noexcept = default;
DirWatch& DirWatch::operator=(DirWatch&&) noexcept = default;

}  // namespace base
