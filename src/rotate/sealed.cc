#include "rotate/sealed.h"

#include <algorithm>

#include "base/fs.h"

namespace rotate {
namespace {

namespace fs = base::fs;

std::string directory_of(const std::string& log_dir, const std::string& file) {
  return fs::dir_name(fs::absolute(file, log_dir));
}

std::set<std::string> directories_of(const std::string& log_dir,
                                     const store::CatalogApp& app) {
  std::set<std::string> dirs;
  for (const auto& instance : app.instances)
    for (const auto& file : {instance.out_file, instance.error_file})
      if (!file.empty()) dirs.insert(directory_of(log_dir, file));
  return dirs;
}

bool shares(const store::CatalogApp& app, const std::string& file,
            const std::set<int>& instances) {
  return std::ranges::any_of(app.instances, [&](const auto& other) {
    return !instances.contains(other.number) &&
           (other.out_file == file || other.error_file == file);
  });
}

}  // namespace

const SealedBytes::Directory& SealedBytes::look(const std::string& live_dir,
                                                const std::string& app,
                                                const Names* there) {
  Directory& known = directories_[{live_dir, app}];
  if (there != nullptr && live_dir == log_dir_ && !there->contains(app))
    return known = {};
  const auto now = fs::stat(store::archive_dir(live_dir, app));
  if (!now) return known = {};
  const auto changed = now->st_mtim;
  if (changed.tv_sec == known.changed.tv_sec &&
      changed.tv_nsec == known.changed.tv_nsec)
    return known;
  // Two changes within a tick of the file system's clock look like one: what
  // changed just now is looked at again.
  const bool settled =
      clock_.now().us / 1'000'000 - int64_t{changed.tv_sec} > 1;
  Directory fresh;
  if (settled) fresh.changed = changed;
  auto segments = store::list_segments(live_dir, app);
  if (!segments) return known = {};
  for (const auto& segment : *segments) {
    uint64_t bytes = 0;
    if (const auto at = known.files.find(segment.path); at != known.files.end())
      bytes = at->second;
    else if (const auto info = fs::stat(segment.path))
      bytes = static_cast<uint64_t>(info->st_size);
    fresh.files.emplace(segment.path, bytes);
    fresh.bytes[{segment.kind, segment.instance}] += bytes;
    fresh.oldest =
        std::min(fresh.oldest.value_or(segment.first), segment.first);
  }
  return known = std::move(fresh);
}

SealedBytes::Sealed SealedBytes::of(const store::CatalogApp& app) {
  return of(app, nullptr);
}

std::vector<SealedBytes::Sealed> SealedBytes::of(
    const std::vector<store::CatalogApp>& apps) {
  Names there;
  const auto names =
      fs::list_dir(fs::dir_name(store::archive_dir(log_dir_, "app")));
  if (names) there.insert(names->begin(), names->end());
  const bool none = !names && names.error().code == base::Errc::NotFound;
  std::vector<Sealed> all;
  all.reserve(apps.size());
  for (const auto& app : apps)
    all.push_back(of(app, names || none ? &there : nullptr));
  return all;
}

SealedBytes::Sealed SealedBytes::of(const store::CatalogApp& app,
                                    const Names* there) {
  Sealed sealed;
  std::map<std::string, const Directory*> looked;
  for (const auto& dir : directories_of(log_dir_, app)) {
    const Directory& known = *(looked[dir] = &look(dir, app.name, there));
    for (const auto& [source, part] : known.bytes) sealed.bytes += part;
    if (known.oldest)
      sealed.oldest =
          std::min(sealed.oldest.value_or(*known.oldest), *known.oldest);
  }
  for (const auto& instance : app.instances) {
    uint64_t& bytes = sealed.by_instance[instance.number];
    // A file of both streams counts once.
    for (const auto& file : std::set{instance.out_file, instance.error_file}) {
      const auto owner = store::segment_owner(app, file);
      if (file.empty() || !owner) continue;
      const auto& parts = looked.at(directory_of(log_dir_, file))->bytes;
      const auto part = parts.find({owner->kind, owner->instance});
      if (part != parts.end()) bytes += part->second;
    }
  }
  return sealed;
}

base::Status remove_sealed(
    const std::string& log_dir, const store::CatalogApp& app,
    const std::set<int>& instances,
    const std::function<void(const store::Segment&)>& on_going) {
  const bool all = std::ranges::all_of(app.instances, [&](const auto& one) {
    return instances.contains(one.number);
  });
  std::map<std::string, std::set<std::pair<store::SegmentKind, int>>> theirs;
  for (const auto& instance : app.instances) {
    if (!instances.contains(instance.number)) continue;
    for (const auto& file : {instance.out_file, instance.error_file}) {
      const auto owner = store::segment_owner(app, file);
      if (file.empty() || !owner || shares(app, file, instances)) continue;
      theirs[directory_of(log_dir, file)].emplace(owner->kind, owner->instance);
    }
  }
  for (const auto& dir : directories_of(log_dir, app)) {
    auto segments = store::list_segments(dir, app.name);
    if (!segments) return base::fail(std::move(segments.error()));
    std::erase_if(*segments, [&](const store::Segment& segment) {
      return !all && !theirs[dir].contains({segment.kind, segment.instance});
    });
    if (on_going) std::ranges::for_each(*segments, on_going);
    auto removed = store::remove_segments(dir, app.name, *segments);
    if (!removed) return removed;
  }
  return {};
}

}  // namespace rotate
