#include "rotate/archiving.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/fs.h"
#include "store/archive_reader.h"
#include "store/times.h"

namespace rotate {
namespace {

namespace fs = base::fs;
using base::Errc;

struct Source {
  base::UniqueFd fd;
  struct ::stat info{};
};

// O_NONBLOCK: opening a FIFO must not wait for its other end.
base::Result<Source> open_source(const std::string& path) {
  auto fd = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return base::fail(std::move(fd.error()));
  auto info = fs::fstat(fd->get(), path);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, "open " + path + ": not a regular file");
  return Source{std::move(*fd), *info};
}

// An archive in the making: gone again, unless it got its name.
class Draft {
 public:
  explicit Draft(std::string path)
      : path_(std::move(path)),
        temporary_(fs::join(fs::dir_name(path_),
                            fs::temporary_name(fs::base_name(path_)))) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (is_there_) (void)fs::unlink(temporary_);
  }

  base::Status open() {
    auto fd = fs::open(temporary_, O_RDWR | O_CREAT | O_EXCL);
    if (!fd) return base::fail(std::move(fd.error()));
    fd_ = std::move(*fd);
    is_there_ = true;
    return {};
  }

  // Synced before it has its name: who sees the name sees all of it. It is as
  // old as what it was made of, and for the same eyes.
  base::Status name(const struct ::stat& like) {
    auto done = fs::set_mode(temporary_, like.st_mode & 07777);
    if (done) done = fs::set_modified(fd_.get(), like.st_mtim, temporary_);
    if (done) done = fs::fsync(fd_.get(), temporary_);
    if (done) done = fs::close(std::move(fd_), temporary_);
    if (done) done = fs::rename(temporary_, path_);
    if (done) is_there_ = false;
    return done;
  }

  base::UniqueFd& fd() { return fd_; }
  const std::string& temporary() const { return temporary_; }

 private:
  const std::string path_;
  const std::string temporary_;
  base::UniqueFd fd_;
  bool is_there_ = false;
};

// What write_archive needs to know of the lines.
struct Lines {
  bool stamped = true;
  std::vector<store::TimeEntry> times;
};

// To the state "named", the name not synced.
base::Result<Archived> make_archive(int segment, uint64_t size,
                                    const std::string& name, const Lines& lines,
                                    const std::string& path,
                                    const struct ::stat& like,
                                    const store::ArchiveOptions& options,
                                    const std::function<bool()>& keep_going) {
  Draft draft(path);
  if (auto opened = draft.open(); !opened)
    return base::fail(std::move(opened.error()));
  auto made =
      store::write_archive(segment, name, lines.stamped, lines.times,
                           draft.fd(), draft.temporary(), options, keep_going);
  if (!made) return base::fail(std::move(made.error()));
  if (made->raw != size)
    return base::fail(Errc::Invalid, name + ": changed while it was read");
  if (auto named = draft.name(like); !named)
    return base::fail(std::move(named.error()));
  return Archived{path,        made->raw,   made->stored,
                  made->index, made->lines, made->frames};
}

// All frames into a file without a name.
base::Result<base::UniqueFd> unpack(store::ArchiveReader& reader,
                                    const std::string& beside,
                                    const std::function<bool()>& keep_going) {
  const std::string path = fs::join(
      fs::dir_name(beside), fs::temporary_name(fs::base_name(beside) + ".raw"));
  auto fd = fs::open(path, O_RDWR | O_CREAT | O_EXCL);
  if (!fd) return fd;
  auto done = fs::unlink(path);
  if (!done) (void)fs::unlink(path);  // or it would stay
  std::string frame;
  for (size_t i = 0; done && i < reader.frames().size(); ++i) {
    if (keep_going && !keep_going())
      return base::fail(Errc::Unavailable, beside + ": stopped");
    done = reader.read_frame(i, frame);
    if (done) done = fs::write_all(fd->get(), frame, path);
  }
  if (!done) return base::fail(std::move(done.error()));
  return fd;
}

}  // namespace

base::Result<Archived> archive_segment(
    const store::Segment& segment, const store::ArchiveOptions& options,
    const std::function<bool()>& keep_going) {
  if (segment.compressed)
    return base::fail(Errc::Invalid, segment.path + ": is an archive");
  auto source = open_source(segment.path);
  if (!source) return base::pass(std::move(source), "archive");
  const int fd = source->fd.get();
  Lines lines;
  lines.stamped = !segment.raw;
  if (segment.raw) {
    auto times = store::TimesReader(segment.path, fd).all();
    if (!times) return base::pass(std::move(times), "archive");
    lines.times = std::move(*times);
  }
  const std::string dir = fs::dir_name(segment.path);
  store::Segment archive = segment;
  archive.compressed = true;
  const std::string path = fs::join(dir, store::segment_name(archive));
  auto made = make_archive(fd, static_cast<uint64_t>(source->info.st_size),
                           segment.path, lines, path, source->info, options,
                           keep_going);
  if (!made) return base::pass(std::move(made), "archive");
  // The name is on disk before the segment goes. Where it can't be put there,
  // the segment is what stays.
  if (auto synced = fs::fsync_dir(dir); !synced) {
    (void)fs::unlink(path);
    return base::pass(std::move(synced), "archive");
  }
  auto gone = fs::unlink(segment.path);
  if (gone && segment.raw) gone = fs::unlink(store::sidecar_name(segment.path));
  if (!gone) return base::pass(std::move(gone), "archive");
  return made;
}

base::Result<Archived> recompress(const store::Segment& archive,
                                  const store::ArchiveOptions& options,
                                  const std::function<bool()>& keep_going) {
  auto source = open_source(archive.path);
  if (!source) return base::pass(std::move(source), "recompress");
  auto reader = store::ArchiveReader::open(std::move(source->fd), archive.path);
  if (!reader) return base::pass(std::move(reader), "recompress");
  auto raw = unpack(*reader, archive.path, keep_going);
  // Also what was found while it was read.
  if (!reader->problems().empty())
    return base::fail(
        base::Error(reader->problems().front()).with_context("recompress"));
  if (!raw) return base::pass(std::move(raw), "recompress");
  const Lines lines{reader->stamped().value_or(!archive.raw), reader->times()};
  store::ArchiveOptions same = options;
  same.stream = reader->stream();
  auto made = make_archive(raw->get(), reader->size(), archive.path, lines,
                           archive.path, source->info, same, keep_going);
  if (!made) return base::pass(std::move(made), "recompress");
  if (auto synced = fs::fsync_dir(fs::dir_name(archive.path)); !synced)
    return base::pass(std::move(synced), "recompress");
  return made;
}

base::Status remove_stored(
    std::span<const Removal> removals,
    const std::function<void(const Removal&)>& on_removed,
    store::Durably durably) {
  // Of one directory together: its marks and its sync are paid once.
  std::vector<std::string> dirs;
  std::map<std::string, std::vector<const Removal*>> by_dir;
  for (const Removal& removal : removals) {
    auto dir = fs::dir_name(removal.file.path);
    auto& list = by_dir[dir];
    if (list.empty()) dirs.push_back(std::move(dir));
    list.push_back(&removal);
  }
  base::Status first;
  for (const auto& dir : dirs) {
    std::vector<store::Segment> segments;
    for (const Removal* removal : by_dir[dir]) {
      auto segment =
          store::parse_segment_name(fs::base_name(removal->file.path));
      if (!segment) continue;
      segment->path = removal->file.path;
      segments.push_back(std::move(*segment));
    }
    // <live directory>/archive/<app>
    const std::string live_dir = fs::dir_name(fs::dir_name(dir));
    auto removed =
        store::remove_segments(live_dir, fs::base_name(dir), segments, durably);
    if (!removed && first) first = base::pass(std::move(removed), "retention");
    for (const Removal* removal : by_dir[dir])
      if (on_removed && !fs::exists(removal->file.path)) on_removed(*removal);
  }
  return first;
}

}  // namespace rotate
