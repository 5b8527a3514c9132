#pragma once
// Which files a flush takes: live ones, and those that an instance wrote before
// its settings changed; when asked, what is sealed of them too. Whole files,
// always: with a time, those whose last line is older; one that has a line at
// that time or later stays as it is. Looks, and touches nothing: `--dry-run`
// prints the plan, the daemon carries it out through capture. Any thread;
// blocks on the disk.

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "base/target.h"
#include "rotate/stock.h"
#include "store/catalog.h"

namespace rotate {

struct LiveFile {
  std::string app;
  int instance = 0;  // the first of those that write it
  store::Stream stream = store::Stream::Out;
  std::string path;    // absolute, or in `log_dir`
  uint64_t bytes = 0;  // now
};

// The instances of all apps that the catalog knows, deleted ones too: what a
// flush may select from.
std::vector<base::TargetCandidate> flush_candidates(
    const store::Catalog& catalog);

// Whose sealed files are those of the selected instances: of an app with all
// its instances selected everything, else what comes from files that no other
// one writes.
class SealedSelection {
 public:
  SealedSelection(const store::Catalog& catalog,
                  std::span<const base::TargetCandidate> selected);
  bool has(const std::string& app, store::SegmentKind kind, int instance) const;

 private:
  std::set<std::string> whole_;  // apps
  std::set<std::tuple<std::string, store::SegmentKind, int>> sources_;
};

// The live files of the selected instances, in the catalog's order, out before
// error, each once. Files that don't exist are left out, empty ones are not;
// with `before`, empty ones are, and those with a line at that time or later.
// Errc::Invalid: an instance that is not selected writes one of them too.
base::Result<std::vector<LiveFile>> plan_flush(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected,
    std::optional<base::Timestamp> before = std::nullopt);

// What is sealed of the selected instances. With `before`, files whose last
// line is older.
base::Result<std::vector<Stored>> plan_sealed_flush(
    const std::string& log_dir, const store::Catalog& catalog,
    std::span<const base::TargetCandidate> selected,
    std::optional<base::Timestamp> before = std::nullopt);

}  // namespace rotate
