#include "rotate/flush.h"

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
  file.path = base::fs::join(log_dir, name);
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
    for (const auto& instance : app.instances) {
      if (!is_selected(selected, app.name, instance.number)) continue;
      LiveFile file{app.name, instance.number, store::Stream::Out, {}, 0};
      auto added = append_if_there(log_dir, instance.out_file, file, files);
      if (!added) return base::fail(std::move(added.error()));
      file.stream = store::Stream::Error;
      added = append_if_there(log_dir, instance.error_file, file, files);
      if (!added) return base::fail(std::move(added.error()));
    }
  }
  return files;
}

}  // namespace rotate
