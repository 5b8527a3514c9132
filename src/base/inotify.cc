#include "base/inotify.h"

#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace base {
namespace {

constexpr uint32_t kNews = IN_ATTRIB | IN_CREATE | IN_MODIFY | IN_DELETE |
                           IN_DELETE_SELF | IN_MOVE_SELF | IN_MOVED_FROM |
                           IN_MOVED_TO;

}  // namespace

Result<std::unique_ptr<Inotify>> Inotify::open(EventLoop& loop) {
  UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd)
    return fail(Errc::Unavailable,
                std::string("inotify: ") + std::strerror(errno));
  return std::unique_ptr<Inotify>(new Inotify(loop, std::move(fd)));
}

Inotify::Inotify(EventLoop& loop, UniqueFd fd)
    : fd_(std::move(fd)),
      readable_(loop, fd_.get(), [this](int) { read_events(); }) {
  readable_.want(FdWatch::Readable);
}

Result<Inotify::Entry> Inotify::add(const std::string& dir,
                                    DirWatcher watcher) {
  const int directory = ::inotify_add_watch(fd_.get(), dir.c_str(), kNews);
  if (directory < 0)
    return fail(Errc::Unavailable,
                "watch " + dir + ": " + std::strerror(errno));
  auto& watchers = watchers_[directory];
  if (watcher.on_news) ++eager_;
  watchers.push_back(std::make_shared<DirWatcher>(std::move(watcher)));
  return Entry{watchers.back().get(), directory};
}

void Inotify::remove(Entry entry) {
  const auto found = watchers_.find(entry.directory);
  if (found == watchers_.end()) return;
  std::erase_if(found->second, [&](const auto& each) {
    if (each.get() != entry.watcher) return false;
    each->gone = true;
    if (each->on_news) --eager_;
    return true;
  });
  if (!found->second.empty()) return;
  // Of a directory that is gone the kernel has forgotten it already.
  ::inotify_rm_watch(fd_.get(), entry.directory);
  watchers_.erase(found);
}

void Inotify::tell_eager() {
  for (const auto& [directory, watchers] : watchers_)
    for (const auto& each : watchers)
      if (each->on_news) each->on_news();
}

// One read: what is left has the loop call again.
void Inotify::read_events() {
  alignas(struct ::inotify_event) char events[4096];
  const ssize_t size = ::read(fd_.get(), events, sizeof events);
  for (ssize_t at = 0; at < size;) {
    struct ::inotify_event event;
    std::memcpy(&event, events + at, sizeof event);
    const char* const name = events + at + sizeof event;
    at += static_cast<ssize_t>(sizeof event + event.len);
    if ((event.mask & IN_Q_OVERFLOW) != 0)
      tell_all();
    else if ((event.mask & IN_IGNORED) == 0)
      tell(event.wd, event.len > 0 ? name : "");
  }
  end_batch();
}

void Inotify::tell(const std::shared_ptr<DirWatcher>& watcher,
                   std::string_view name) {
  if (watcher->gone) return;
  if (!std::exchange(watcher->told, true)) told_.push_back(watcher);
  watcher->on_change(name);
}

// Who is told may destroy any watch, also its own.
void Inotify::tell(int directory, std::string_view name) {
  const auto found = watchers_.find(directory);
  if (found == watchers_.end()) return;
  if (found->second.size() == 1) {
    tell(std::shared_ptr(found->second.front()), name);
    return;
  }
  const Watchers all = found->second;
  for (const auto& each : all) tell(each, name);
}

void Inotify::end_batch() {
  for (size_t i = 0; i < told_.size(); ++i) {
    told_[i]->told = false;
    if (!told_[i]->gone && told_[i]->on_batch) told_[i]->on_batch();
  }
  told_.clear();
}

void Inotify::tell_all() {
  std::vector<int> directories;
  for (const auto& [directory, watchers] : watchers_)
    directories.push_back(directory);
  for (const int directory : directories) tell(directory, {});
}

}  // namespace base
