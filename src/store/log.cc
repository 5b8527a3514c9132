#include "store/log.h"

#include "base/fs.h"
#include "store/archive_log.h"
#include "store/names.h"
#include "store/times.h"

namespace store {

Log::Log(std::string name) : name_(std::move(name)) {}
Log::~Log() = default;

std::optional<Range> Log::find(std::optional<base::Timestamp>,
                               std::optional<base::Timestamp>) {
  return std::nullopt;
}

std::unique_ptr<base::FileView> Log::view(uint64_t, uint64_t) {
  return nullptr;
}

FileLog::FileLog(int fd, std::string name) : Log(std::move(name)), fd_(fd) {}
FileLog::FileLog(base::UniqueFd fd, std::string name)
    : Log(std::move(name)), own_(std::move(fd)), fd_(own_.get()) {}
FileLog::~FileLog() = default;

base::Result<size_t> FileLog::read_at(std::span<char> into, uint64_t offset) {
  return base::fs::pread(fd_, into, offset, name());
}

base::Result<uint64_t> FileLog::size() {
  auto info = base::fs::fstat(fd_, name());
  if (!info) return base::fail(std::move(info.error()));
  return static_cast<uint64_t>(info->st_size);
}

std::unique_ptr<base::FileView> FileLog::view(uint64_t size, uint64_t window) {
  return base::FileView::map(fd_, size, window);
}

TimesReader* FileLog::times() {
  if (!times_ && is_unstamped(name()))
    times_ = std::make_unique<TimesReader>(name(), fd_);
  return times_.get();
}

void FileLog::release_buffers() {
  if (!times_) return;
  times_->release_buffer();
  times_->look_again(fd_);
}

base::Result<base::UniqueFd> open_regular(const std::string& path) {
  auto fd = base::fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return fd;
  auto info = base::fs::fstat(fd->get(), path);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode))
    return base::fail(base::Errc::Invalid,
                      "read " + path + ": not a regular file");
  return fd;
}

base::Result<std::unique_ptr<Log>> open_log(const std::string& path) {
  if (is_compressed(path)) {
    auto archive = open_archive(path);
    if (!archive) return base::fail(std::move(archive.error()));
    return std::make_unique<ArchiveLog>(std::move(*archive), path);
  }
  auto fd = open_regular(path);
  if (!fd) return base::fail(std::move(fd.error()));
  return std::make_unique<FileLog>(std::move(*fd), path);
}

}  // namespace store
