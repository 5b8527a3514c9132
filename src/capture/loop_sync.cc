// What a cut of the power may take: at most what was written since the last
// round of syncs. Off the capture path, disk by disk, each a round at a time:
// one that hangs is not asked again and again.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "capture/loop.h"
#include "store/names.h"

namespace capture {
namespace {

// What is sealed may be an archive by now, or deleted.
void sync_path(const std::string& path) {
  auto fd = base::fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd && fd.error().code == base::Errc::NotFound) return;
  auto synced = fd ? base::fs::fsync(fd->get(), path)
                   : base::Status(base::fail(std::move(fd.error())));
  if (!synced) base::log::error("{}", synced.error().message);
}

}  // namespace

void Unsynced::add(Unsynced more) {
  live = live || more.live;
  std::ranges::move(more.files, std::back_inserter(files));
  dirs.merge(more.dirs);
}

void SyncRound::perform() {
  for (const auto& path : rest.files) sync_path(path);
  for (auto& [path, fd] : live) {
    // Its times first: where they are missing nothing can tell them.
    if (store::is_unstamped(path)) sync_path(store::sidecar_name(path));
    if (auto synced = base::fs::fsync(fd.get(), path); !synced)
      base::log::error("{}", synced.error().message);
    fd.reset();
  }
  // Deeper ones first: a segment has its new name before its live file has
  // lost the old one.
  for (auto dir = rest.dirs.rbegin(); dir != rest.dirs.rend(); ++dir)
    if (auto synced = base::fs::fsync_dir(*dir);
        !synced && synced.error().code != base::Errc::NotFound)
      base::log::error("{}", synced.error().message);
}

void CaptureThread::Loop::sync() {
  std::map<uint64_t, std::shared_ptr<SyncRound>>
      rounds;  // copied with its task
  const auto round_of = [&](uint64_t disk) -> SyncRound& {
    auto& round = rounds[disk];
    if (!round) round = std::make_shared<SyncRound>();
    return *round;
  };
  std::erase_if(unsynced_, [&](auto& left) {
    if (syncing_.contains(left.first)) return false;
    round_of(left.first).rest.add(std::move(left.second));
    return true;
  });
  for (auto& [path, file] : files_) {
    Sink& sink = *file->sink;
    if (sink.busy() || syncing_.contains(sink.disk())) continue;
    auto unsynced = sink.take_unsynced();
    if (unsynced.empty()) continue;
    SyncRound& round = round_of(sink.disk());
    if (std::exchange(unsynced.live, false)) {
      if (auto copy = sink.file().file().duplicate())
        round.live.push_back({path, std::move(*copy)});
      else
        unsynced.files.push_back(path);
    }
    round.rest.add(std::move(unsynced));
  }
  for (auto& [disk, round] : rounds) {
    syncing_.insert(disk);
    hands_.submit(disk, [this, disk, round] {
      round->perform();
      events_.post([this, disk] { syncing_.erase(disk); });
    });
  }
}

// Nobody asks its sink any more.
void CaptureThread::Loop::leave_unsynced(File& file) {
  auto unsynced = file.sink->take_unsynced();
  if (unsynced.empty()) return;
  if (std::exchange(unsynced.live, false))
    unsynced.files.push_back(file.sink->path());
  unsynced_.emplace_back(file.sink->disk(), std::move(unsynced));
}

}  // namespace capture
