#include "store/epoch.h"

#include <utility>

#include "base/fs.h"

namespace store {
namespace {

namespace fs = base::fs;

// One that is replaced as often while we join is joined at the next look.
constexpr int kTries = 10;

std::string epoch_path(const std::string& log_dir) {
  return fs::join(log_dir, kEpochName);
}

bool is_at(int file, const std::string& path) {
  const auto ours = fs::fstat(file, path);
  const auto there = fs::stat(path);
  return ours && there && ours->st_dev == there->st_dev &&
         ours->st_ino == there->st_ino;
}

base::Status renew(const std::string& log_dir) {
  const auto path = epoch_path(log_dir);
  const auto temporary = fs::join(log_dir, fs::temporary_name(kEpochName));
  auto file = fs::open(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return base::fail(std::move(file.error()));
  auto renamed = fs::rename(temporary, path);
  if (!renamed) (void)fs::unlink(temporary);
  return renamed;
}

}  // namespace

base::Status make_epoch(const std::string& log_dir) {
  if (fs::exists(epoch_path(log_dir))) return {};
  return renew(log_dir);
}

std::optional<EpochHold> EpochHold::join(const std::string& log_dir) {
  const auto path = epoch_path(log_dir);
  for (int i = 0; i < kTries; ++i) {
    auto file = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) return std::nullopt;
    const auto locked = fs::lock_shared(file->get(), path);
    // Before we had it, it may have been given up.
    if (locked && is_at(file->get(), path))
      return EpochHold(path, std::move(*file));
    if (!locked && locked.error().code != base::Errc::WouldBlock)
      return std::nullopt;
  }
  return std::nullopt;
}

bool EpochHold::is_present() const {
  return is_at(file_.get(), path_);
}

base::Result<std::optional<GracePeriod>> GracePeriod::begin(
    const std::string& log_dir) {
  const auto path = epoch_path(log_dir);
  auto old = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!old && old.error().code != base::Errc::NotFound)
    return base::fail(std::move(old.error()));
  if (old && !fs::is_locked(old->get())) return std::nullopt;
  if (auto renewed = renew(log_dir); !renewed)
    return base::fail(std::move(renewed.error()));
  if (!old) return std::nullopt;
  return GracePeriod(std::move(*old));
}

bool GracePeriod::is_over() {
  return !fs::is_locked(old_.get());
}

}  // namespace store
