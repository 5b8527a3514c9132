#include "rotate/mending.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/fs.h"
#include "base/units.h"
#include "rotate/stock.h"
#include "store/line.h"
#include "store/segments.h"
#include "store/times.h"

namespace rotate {
namespace {

namespace fs = base::fs;
using base::Errc;

constexpr size_t kStep = size_t{64} << 10;
constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;

// Whose lines may be ended by who mends them.
enum class Rest { StaysOpen, IsEnded };

base::Result<std::string> read_before(int fd, uint64_t end,
                                      const std::string& path) {
  std::string bytes(std::min<uint64_t>(end, kStep), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    auto n = fs::pread(fd, std::span(bytes).subspan(done),
                       end - bytes.size() + done, path);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) return base::fail(Errc::Io, "read " + path + ": cut short");
    done += *n;
  }
  return bytes;
}

// Where the zeros begin that the file ends with.
base::Result<uint64_t> end_of_bytes(int fd, uint64_t size,
                                    const std::string& path) {
  while (size > 0) {
    auto bytes = read_before(fd, size, path);
    if (!bytes) return base::fail(std::move(bytes.error()));
    const auto last = bytes->find_last_not_of('\0');
    if (last != bytes->npos) return size - bytes->size() + last + 1;
    size -= bytes->size();
  }
  return 0;
}

// How much of a stamp the file ends with, when it is but a part of one.
base::Result<uint64_t> half_stamp(int fd, uint64_t size,
                                  const std::string& path) {
  auto bytes = read_before(fd, size, path);
  if (!bytes) return base::fail(std::move(bytes.error()));
  const auto newline = bytes->rfind('\n');
  const bool whole = newline != bytes->npos || bytes->size() == size;
  const auto line = std::string_view(*bytes).substr(newline + 1);
  return whole && store::is_torn_prefix(line) ? line.size() : 0;
}

class Mender {
 public:
  explicit Mender(Mending& into) : into_(into) {}

  // False: there is no such file, or it is empty.
  bool mend(Mended file, Rest rest) {
    auto mended = try_mend(file, rest);
    if (!mended && mended.error().code != Errc::NotFound)
      into_.problems.push_back(std::move(mended.error()));
    if (file.cut > 0 || file.ended) into_.mended.push_back(file);
    return mended.value_or(true);
  }

  // Of an unstamped segment: entries of bytes that are not there.
  void mend_times(const std::string& path) {
    const std::string sidecar = store::sidecar_name(path);
    auto info = fs::stat(path);
    if (!info || !fs::exists(sidecar)) return;
    auto times = store::TimesFile::open(
        sidecar, static_cast<uint64_t>(info->st_size), info->st_mode & 0777);
    if (!times) into_.problems.push_back(std::move(times.error()));
  }

  void removed(Mended file, const std::string& live_dir,
               const store::Segment& segment) {
    // Its number stays given.
    if (auto gone = store::remove_segments(live_dir, file.app, {segment});
        !gone) {
      into_.problems.push_back(std::move(gone.error()));
      return;
    }
    file.removed = true;
    const auto known =
        std::ranges::find(into_.mended, file.path, &Mended::path);
    if (known != into_.mended.end())
      known->removed = true;
    else
      into_.mended.push_back(std::move(file));
  }

 private:
  static base::Result<bool> try_mend(Mended& file, Rest rest) {
    auto fd = fs::open(file.path, kFlags);
    if (!fd && fd.error().code == Errc::NotFound) return false;
    if (!fd) return base::fail(std::move(fd.error()));
    auto info = fs::fstat(fd->get(), file.path);
    if (!info) return base::fail(std::move(info.error()));
    if (!S_ISREG(info->st_mode)) return true;
    const auto size = static_cast<uint64_t>(info->st_size);
    auto end = end_of_bytes(fd->get(), size, file.path);
    if (!end) return base::fail(std::move(end.error()));
    if (*end > 0 && !store::is_unstamped(file.path)) {
      auto torn = half_stamp(fd->get(), *end, file.path);
      if (!torn) return base::fail(std::move(torn.error()));
      *end -= *torn;
    }
    if (*end < size) {
      if (auto cut = fs::truncate(fd->get(), *end, file.path); !cut)
        return base::fail(std::move(cut.error()));
      file.cut = size - *end;
    }
    if (*end == 0) return false;
    if (rest == Rest::StaysOpen) return true;
    auto last = read_before(fd->get(), *end, file.path);
    if (!last) return base::fail(std::move(last.error()));
    if (last->back() == '\n') return true;
    if (auto put = fs::write_all(fd->get(), "\n", file.path); !put)
      return base::fail(std::move(put.error()));
    file.ended = true;
    return true;
  }

  Mending& into_;
};

Mended of_segment(const std::string& app, const store::Segment& segment) {
  Mended file;
  file.app = app;
  file.instance = segment.instance;
  if (segment.kind == store::SegmentKind::Out) file.stream = store::Stream::Out;
  if (segment.kind == store::SegmentKind::Error)
    file.stream = store::Stream::Error;
  file.path = segment.path;
  return file;
}

Mended of_live(const std::string& app, const store::CatalogFile& live,
               const std::string& path) {
  Mended file;
  file.app = app;
  if (live.instances.size() == 1) file.instance = live.instances[0]->number;
  file.stream = live.stream;
  file.path = path;
  return file;
}

}  // namespace

std::string Mended::reason() const {
  std::string words = "the machine went down while it was written: ";
  if (removed) return words + "nothing is left of " + path;
  if (cut > 0)
    words += base::format_size(cut) + " of nothing cut from the end of " + path;
  if (ended)
    words += (cut > 0 ? "; its" : "the") + std::string(" last line") +
             (cut > 0 ? " ends early" : " of " + path + " ends early");
  return words;
}

Mending mend_tails(const std::string& log_dir, const store::Catalog& catalog) {
  Mending mending;
  Mender mender(mending);
  const auto mend_events = [&](const std::string& app,
                               const std::string& name) {
    Mended file;
    file.app = app;
    file.path = store::file_path(log_dir, name);
    mender.mend(file, Rest::IsEnded);
    file.path = store::earlier_events(file.path);
    mender.mend(std::move(file), Rest::IsEnded);
  };
  mend_events("", std::string(store::kDaemonEvents));
  for (const auto& app : catalog.apps) {
    mend_events(app.name, app.events_file);
    for (const auto& live : store::files_of(app)) {
      const auto path = store::file_path(log_dir, live.file);
      // Of a line without a stamp capture could not say which it ended.
      mender.mend(of_live(app.name, live, path),
                  store::is_unstamped(path) ? Rest::IsEnded : Rest::StaysOpen);
    }
  }
  for (const auto& archives : archives_of(log_dir, catalog)) {
    auto segments = store::list_segments(archives.live_dir, archives.app->name);
    if (!segments) {
      mending.problems.push_back(std::move(segments.error()));
      continue;
    }
    for (const auto& segment : *segments) {
      if (segment.compressed) continue;
      const auto file = of_segment(archives.app->name, segment);
      const bool has_bytes = mender.mend(file, Rest::IsEnded);
      if (!has_bytes && fs::exists(segment.path))
        mender.removed(file, archives.live_dir, segment);
      else if (segment.raw)
        mender.mend_times(segment.path);
    }
  }
  return mending;
}

}  // namespace rotate
