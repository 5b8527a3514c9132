#include "rotate/recovery.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/fs.h"
#include "rotate/stock.h"
#include "store/archive_reader.h"
#include "store/segments.h"

namespace rotate {
namespace {

namespace fs = base::fs;
using base::Errc;

constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kSidecarSuffix = ".idx";
constexpr std::string_view kArchiveSuffix = ".zst";

// One directory of segments, as its names tell.
class Directory {
 public:
  Directory(std::string dir, std::vector<std::string> names, Recovered& into)
      : dir_(std::move(dir)), names_(names.begin(), names.end()), into_(into) {
    for (const auto& name : names_)
      if (const auto segment = store::parse_segment_name(name)) {
        auto& greatest = greatest_[{segment->kind, segment->instance}];
        greatest = std::max(greatest, segment->sequence);
      }
  }

  void recover() {
    const auto all = names_;
    for (const auto& name : all)
      if (fs::is_temporary(name)) remove(name, into_.leftovers);
    for (const auto& name : all)
      if (name.ends_with(kArchiveSuffix)) settle(name);
    for (const auto& name : all)
      if (store::is_sidecar(name)) settle_sidecar(name);
  }

 private:
  bool remove(const std::string& name, std::vector<std::string>& into) {
    auto gone = fs::unlink(fs::join(dir_, name));
    if (!gone) {
      into_.problems.push_back(std::move(gone.error()));
      return false;
    }
    names_.erase(name);
    into.push_back(fs::join(dir_, name));
    return true;
  }

  // An archive beside its segment: one of the two goes.
  void settle(const std::string& archive) {
    const std::string log =
        archive.substr(0, archive.size() - kArchiveSuffix.size());
    if (!store::parse_segment_name(archive) || !names_.contains(log)) return;
    auto whole = is_whole(archive, log);
    if (!whole) {
      into_.problems.push_back(std::move(whole.error()));
      return;
    }
    if (!*whole) {
      remove(archive, into_.undone);
      return;
    }
    // Its name may be there in memory alone.
    if (auto synced = fs::fsync_dir(dir_); !synced) {
      into_.problems.push_back(std::move(synced.error()));
      return;
    }
    std::vector<std::string> gone;
    if (!remove(log, gone)) return;
    into_.finished.push_back(fs::join(dir_, archive));
  }

  // An error is none of the archive's: a disk that can't be read now proves
  // nothing.
  base::Result<bool> is_whole(const std::string& archive,
                              const std::string& log) const {
    const std::string path = fs::join(dir_, archive);
    auto info = fs::link_stat(fs::join(dir_, log));
    if (!info) return base::fail(std::move(info.error()));
    auto fd = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd) return base::fail(std::move(fd.error()));
    auto reader = store::ArchiveReader::open(std::move(*fd), path);
    if (!reader) {
      if (reader.error().code == Errc::Invalid) return false;
      return base::fail(std::move(reader.error()));
    }
    for (const auto& problem : reader->problems())
      if (problem.sys_errno != 0) return base::fail(problem);
    return reader->problems().empty() && reader->has_index() &&
           reader->size() == static_cast<uint64_t>(info->st_size);
  }

  // The sidecar of the newest number may be of a seal that was cut short, which
  // capture takes up: there it goes before its log.
  void settle_sidecar(const std::string& sidecar) {
    const std::string log =
        sidecar.substr(0, sidecar.size() - kSidecarSuffix.size())
            .append(kLogSuffix);
    const auto segment = store::parse_segment_name(log);
    if (!segment || names_.contains(log)) return;
    const bool is_archived = names_.contains(log + std::string(kArchiveSuffix));
    const auto greatest = greatest_.find({segment->kind, segment->instance});
    const bool is_old =
        greatest != greatest_.end() && greatest->second > segment->sequence;
    if (is_archived || is_old) remove(sidecar, into_.leftovers);
  }

  const std::string dir_;
  std::set<std::string> names_;  // that are there still
  std::map<std::pair<store::SegmentKind, int>, uint64_t> greatest_;
  Recovered& into_;
};

void append(Recovered& to, Recovered more) {
  const auto move_all = [](auto& from, auto& into) {
    std::ranges::move(from, std::back_inserter(into));
  };
  move_all(more.leftovers, to.leftovers);
  move_all(more.finished, to.finished);
  move_all(more.undone, to.undone);
  move_all(more.problems, to.problems);
}

// ".api.log.tmp-0123456789abcdef" is a leftover of "api.log".
bool is_leftover_of(std::string_view name, const std::set<std::string>& files) {
  if (!fs::is_temporary(name)) return false;
  const auto of = name.substr(1, name.rfind(".tmp-") - 1);
  return files.contains(std::string(of));
}

// Beside live files that are in directories of others.
void remove_foreign_leftovers(const std::string& log_dir,
                              const store::Catalog& catalog, Recovered& into) {
  std::map<std::string, std::set<std::string>> files;
  for (const auto& app : catalog.apps)
    for (const auto& file : store::files_of(app)) {
      const std::string path = fs::absolute(file.file, log_dir);
      auto& names = files[fs::dir_name(path)];
      names.insert(fs::base_name(path));
      if (store::is_unstamped(path))
        names.insert(fs::base_name(store::sidecar_name(path)));
    }
  files.erase(fs::absolute(log_dir, "/"));
  for (const auto& [dir, ours] : files) {
    auto names = fs::list_dir(dir);
    if (!names) {
      if (names.error().code != Errc::NotFound)
        into.problems.push_back(std::move(names.error()));
      continue;
    }
    for (const auto& name : *names) {
      if (!is_leftover_of(name, ours)) continue;
      if (fs::unlink(fs::join(dir, name)))
        into.leftovers.push_back(fs::join(dir, name));
    }
  }
}

}  // namespace

base::Result<std::vector<std::string>> remove_leftovers(
    const std::string& log_dir) {
  auto names = fs::list_dir(log_dir);
  if (!names) {
    if (names.error().code == Errc::NotFound) return std::vector<std::string>{};
    return base::pass(std::move(names), "recovery");
  }
  std::vector<std::string> removed;
  for (auto& name : *names) {
    if (!fs::is_temporary(name)) continue;
    if (fs::unlink(fs::join(log_dir, name))) removed.push_back(std::move(name));
  }
  return removed;
}

Recovered recover_archives(const std::string& dir) {
  Recovered recovered;
  auto names = fs::list_dir(dir);
  if (!names) {
    if (names.error().code != Errc::NotFound)
      recovered.problems.push_back(
          std::move(names.error()).with_context("recovery"));
    return recovered;
  }
  Directory(dir, std::move(*names), recovered).recover();
  return recovered;
}

Recovered recover_live(const std::string& log_dir,
                       const store::Catalog& catalog) {
  Recovered recovered;
  auto gone = remove_leftovers(log_dir);
  if (!gone)
    recovered.problems.push_back(std::move(gone.error()));
  else
    for (const auto& name : *gone)
      recovered.leftovers.push_back(fs::join(log_dir, name));
  remove_foreign_leftovers(log_dir, catalog, recovered);
  return recovered;
}

Recovered recover_archives(const std::string& log_dir,
                           const store::Catalog& catalog) {
  Recovered recovered;
  for (const auto& archives : archives_of(log_dir, catalog))
    append(recovered, recover_archives(store::archive_dir(archives.live_dir,
                                                          archives.app->name)));
  return recovered;
}

Recovered recover(const std::string& log_dir, const store::Catalog& catalog) {
  Recovered recovered = recover_live(log_dir, catalog);
  append(recovered, recover_archives(log_dir, catalog));
  return recovered;
}

}  // namespace rotate
