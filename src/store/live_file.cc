#include "store/live_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fs.h"
#include "store/line.h"

namespace store {
namespace {

namespace fs = base::fs;
using base::Errc;

// O_NONBLOCK: opening a FIFO must not wait for its other end.
constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
// Most lines are short: of hundreds of files no more is read than is needed.
constexpr size_t kFirstStep = size_t{4} << 10;
constexpr size_t kStep = size_t{64} << 10;
constexpr uint64_t kLookBack = uint64_t{64} << 20;

base::Result<base::UniqueFd> make(const std::string& path, mode_t mode) {
  auto fd = fs::open(path, kFlags | O_CREAT | O_EXCL);
  if (!fd && fd.error().code == Errc::NotFound) {
    if (auto dirs = fs::make_dirs(fs::dir_name(path)); !dirs)
      return base::fail(std::move(dirs.error()));
    fd = fs::open(path, kFlags | O_CREAT | O_EXCL);
  }
  // Opened for more people only once it is there: our umask lets nobody in.
  if (fd && mode != 0600)
    if (auto set = fs::set_mode(path, mode); !set)
      return base::fail(std::move(set.error()));
  return fd;
}

// A file that holds `head`, made under a temporary name, renamed over `path`.
base::Result<base::UniqueFd> put_new_file(const std::string& path, mode_t mode,
                                          std::string_view head = {}) {
  const std::string temporary =
      fs::join(fs::dir_name(path), fs::temporary_name(fs::base_name(path)));
  auto fd = make(temporary, mode);
  if (!fd) return fd;
  base::Status put = fs::write_all(fd->get(), head, temporary);
  if (put) put = fs::rename(temporary, path);
  if (put) return fd;
  (void)fs::unlink(temporary);
  return base::fail(std::move(put.error()));
}

}  // namespace

base::Result<LiveFile> LiveFile::adopt(const std::string& path, mode_t mode,
                                       base::UniqueFd fd) {
  auto info = fs::fstat(fd.get(), path);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, "open " + path + ": not a regular file");
  return LiveFile(path, mode, std::move(fd),
                  static_cast<uint64_t>(info->st_size), info->st_dev,
                  info->st_ino);
}

base::Result<LiveFile> LiveFile::open(const std::string& path, mode_t mode) {
  auto fd = fs::open(path, kFlags);
  if (!fd && fd.error().code == Errc::NotFound) {
    fd = make(path, mode);
    // Somebody else made it meanwhile.
    if (!fd && fd.error().code == Errc::Exists) fd = fs::open(path, kFlags);
  }
  if (!fd) return base::fail(std::move(fd.error()));
  return adopt(path, mode, std::move(*fd));
}

base::Result<size_t> LiveFile::write_some(std::string_view bytes) {
  auto n = fs::write_some(fd_.get(), bytes, path_);
  if (n) size_ += *n;
  return n;
}

base::Status LiveFile::cut(uint64_t size) {
  auto done = fs::truncate(fd_.get(), size, path_);
  if (done) size_ = size;
  return done;
}

base::Result<base::UniqueFd> LiveFile::duplicate() const {
  return fs::duplicate(fd_.get());
}

base::Result<LiveFile::Standing> LiveFile::standing() const {
  auto info = fs::stat(path_);
  if (!info) {
    if (info.error().code == Errc::NotFound) return Standing::Gone;
    return base::fail(std::move(info.error()));
  }
  if (!is_ours(*info)) return Standing::Gone;
  if (static_cast<uint64_t>(info->st_size) < size_) return Standing::Truncated;
  return Standing::InPlace;
}

base::Result<std::string> LiveFile::read(uint64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    auto n = fs::pread(fd_.get(), std::span(bytes).subspan(done), offset + done,
                       path_);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) break;
    done += *n;
  }
  bytes.resize(done);
  return bytes;
}

base::Result<std::optional<LiveFile::OpenLine>> LiveFile::open_line() const {
  auto info = fs::fstat(fd_.get(), path_);
  if (!info) return base::fail(std::move(info.error()));
  const auto end = static_cast<uint64_t>(info->st_size);
  const uint64_t floor = end > kLookBack ? end - kLookBack : 0;
  uint64_t begin = end;
  while (begin > floor) {
    const size_t step =
        std::min<uint64_t>(begin == end ? kFirstStep : kStep, begin - floor);
    auto chunk = read(begin - step, step);
    if (!chunk) return base::fail(std::move(chunk.error()));
    if (const auto newline = chunk->rfind('\n'); newline != chunk->npos) {
      begin = begin - step + newline + 1;
      break;
    }
    begin -= step;
  }
  if (begin == end) return std::nullopt;
  OpenLine line{begin, end - begin, std::nullopt};
  if (begin == floor && floor > 0) return line;
  auto head = read(begin, std::min<uint64_t>(line.size, kHeadSize));
  if (!head) return base::fail(std::move(head.error()));
  line.stamp = parse_line(*head).time;
  return line;
}

base::Result<uint64_t> LiveFile::replace(std::string_view head) {
  auto fd = put_new_file(path_, mode_, head);
  if (!fd) return base::fail(std::move(fd.error()));
  const uint64_t old_size = size_;
  auto fresh = adopt(path_, mode_, std::move(*fd));
  if (!fresh) return base::fail(std::move(fresh.error()));
  *this = std::move(*fresh);
  return old_size;
}

base::Status LiveFile::rename_to(const std::string& segment) {
  auto here = fs::stat(path_);
  const bool here_ours = here && is_ours(*here);
  // Who died in the middle of this step may have left it done, or with both
  // names.
  if (auto there = fs::stat(segment); there && is_ours(*there))
    return here_ours ? fs::unlink(path_) : base::Status{};
  if (!here) return base::fail(std::move(here.error()));
  if (!here_ours)
    return base::fail(Errc::NotFound,
                      "seal " + path_ + ": another file is there");
  return fs::rename_noreplace(path_, segment);
}

base::Status LiveFile::reopen() {
  auto fresh = open(path_, mode_);
  if (!fresh) return base::fail(std::move(fresh.error()));
  *this = std::move(*fresh);
  return {};
}

base::Result<uint64_t> LiveFile::seal(const std::string& segment) {
  const uint64_t sealed = size_;
  auto done = rename_to(segment);
  if (done) done = reopen();
  if (!done) return base::fail(std::move(done.error()));
  return sealed;
}

base::Result<uint64_t> LiveFile::replace_closed(const std::string& path) {
  auto fd = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) {
    if (fd.error().code == Errc::NotFound) return 0;
    return base::fail(std::move(fd.error()));
  }
  auto old = adopt(path, 0600, std::move(*fd));
  if (!old) return base::fail(std::move(old.error()));
  auto info = fs::fstat(old->fd_.get(), path);
  const mode_t mode = info ? info->st_mode & 07777 : 0600;
  if (auto fresh = put_new_file(path, mode); !fresh)
    return base::fail(std::move(fresh.error()));
  return old->size();
}

}  // namespace store
