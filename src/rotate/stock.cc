#include "rotate/stock.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/fs.h"

namespace rotate {
namespace {

namespace fs = base::fs;

base::Timestamp modified(const struct ::stat& info) {
  return {int64_t{info.st_mtim.tv_sec} * 1'000'000 +
          info.st_mtim.tv_nsec / 1000};
}

// What one file adds to its segment: it itself, its sidecar, or the segment
// beside the archive that was made of it.
void add_file(const std::string& path, const struct ::stat& info,
              Stored& into) {
  into.bytes += static_cast<uint64_t>(info.st_size);
  into.device = info.st_dev;
  if (path == into.path) into.last = modified(info);
}

class Directory {
 public:
  Directory(const Archives& archives, std::vector<base::Error>& problems)
      : archives_(archives),
        dir_(store::archive_dir(archives.live_dir, archives.app->name)),
        problems_(problems) {}

  void list(std::vector<Stored>& into) {
    const auto segments =
        store::list_segments(archives_.live_dir, archives_.app->name);
    if (!segments) {
      problems_.push_back(segments.error());
      return;
    }
    for (const auto& segment : *segments) {
      Stored file = describe_segment(segment);
      store::Segment plain = segment;
      plain.compressed = false;
      const auto log = fs::join(dir_, store::segment_name(plain));
      std::set<std::string> parts{segment.path};
      if (segment.compressed) parts.insert(log);
      if (segment.raw) parts.insert(store::sidecar_name(log));
      for (const auto& part : parts) look(part, file);
      // Without it the segment went while we looked.
      if (file.last) into.push_back(std::move(file));
    }
  }

 private:
  Stored describe_segment(const store::Segment& segment) const {
    Stored file;
    file.app = archives_.app->name;
    file.gone = archives_.app->deleted.has_value();
    file.deleted = archives_.app->deleted;
    file.kind = segment.kind;
    file.instance = segment.instance;
    file.sequence = segment.sequence;
    file.raw = segment.raw;
    file.compressed = segment.compressed;
    file.path = segment.path;
    file.first = segment.first;
    return file;
  }

  void look(const std::string& path, Stored& file) {
    auto info = fs::link_stat(path);
    if (info) return add_file(path, *info, file);
    if (info.error().code != base::Errc::NotFound)
      problems_.push_back(std::move(info.error()));
  }

  const Archives& archives_;
  const std::string dir_;
  std::vector<base::Error>& problems_;
};

}  // namespace

std::string describe(const Stored& file) {
  store::Segment segment;
  segment.kind = file.kind;
  segment.instance = file.instance;
  segment.sequence = file.sequence;
  const std::string name = store::segment_name(segment);
  return name.substr(0, name.find('.', name.find('.') + 1));
}

std::vector<Archives> archives_of(const std::string& log_dir,
                                  const store::Catalog& catalog) {
  std::vector<Archives> found;
  std::set<std::pair<std::string, std::string>> known;
  for (const auto& app : catalog.apps)
    for (const auto& file : store::files_of(app)) {
      auto dir = fs::dir_name(fs::absolute(file.file, log_dir));
      if (known.emplace(dir, app.name).second)
        found.push_back({std::move(dir), &app});
    }
  return found;
}

base::Result<std::vector<Stored>> take_stock(
    const std::string& log_dir, const store::Catalog& catalog,
    std::vector<base::Error>* problems) {
  std::vector<Stored> stock;
  std::vector<base::Error> found;
  // By two paths, a link perhaps, it is one directory: counted twice, files
  // would be deleted for room that is not taken.
  std::set<std::tuple<dev_t, ino_t>> seen;
  for (const auto& archives : archives_of(log_dir, catalog)) {
    const auto dir = store::archive_dir(archives.live_dir, archives.app->name);
    auto info = fs::stat(dir);
    if (!info) {
      if (info.error().code != base::Errc::NotFound)
        found.push_back(std::move(info.error()));
      continue;
    }
    if (!seen.emplace(info->st_dev, info->st_ino).second) continue;
    Directory(archives, found).list(stock);
  }
  if (!found.empty() && problems == nullptr)
    return base::fail(std::move(found.front()).with_context("stock"));
  if (problems != nullptr) problems->swap(found);
  std::ranges::stable_sort(stock, [](const Stored& a, const Stored& b) {
    return std::tie(a.app, a.kind, a.instance, a.sequence) <
           std::tie(b.app, b.kind, b.instance, b.sequence);
  });
  return stock;
}

}  // namespace rotate
