#include "rotate/flush.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fs.h"

namespace rotate {
namespace {

bool is_selected(std::span<const base::TargetCandidate> selected,
                 const std::string& app, int instance) {
  return std::any_of(selected.begin(), selected.end(), [&](const auto& s) {
    return s.app == app && s.instance == instance;
  });
}

base::Status append_if_there(const std::string& log_dir,
                             const std::string& name, LiveFile file,
                             std::vector<LiveFile>& into) {
  file.path = store::file_path(log_dir, name);
  auto info = base::fs::stat(file.path);
  if (!info) {
    if (info.error().code == base::Errc::NotFound) return {};
    return base::pass(std::move(info), "flush");
  }
  file.bytes = static_cast<uint64_t>(info->st_size);
  into.push_back(std::move(file));
  return {};
}

}  // namespace

std::vector<base::TargetCandidate> flush_candidates(
    const store::Catalog& catalog) {
  std::vector<base::TargetCandidate> candidates;
  for (const auto& app : catalog.apps)
    for (const auto& instance : app.instances)
      candidates.push_back({instance.id, app.name, app.space, instance.number});
  return candidates;
}

base::Result<std::vector<LiveFile>> plan_flush(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected) {
  std::vector<LiveFile> files;
  for (const auto& app : catalog.apps) {
    for (const auto& file : store::files_of(app)) {
      const auto is_meant = [&](const store::CatalogInstance* instance) {
        return is_selected(selected, app.name, instance->number);
      };
      if (std::ranges::none_of(file.instances, is_meant)) continue;
      if (!std::ranges::all_of(file.instances, is_meant))
        return base::fail(base::Errc::Invalid,
                          fmt::format("{}: all instances of {} write it",
                                      file.file, app.name),
                          "flush them together: lodge flush " + app.name);
      auto added = append_if_there(
          log_dir, file.file,
          {app.name, file.instances.front()->number, file.stream, {}, 0},
          files);
      if (!added) return base::fail(std::move(added.error()));
    }
  }
  return files;
}

}  // namespace rotate
