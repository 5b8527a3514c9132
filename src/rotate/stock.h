#pragma once
// What a log directory holds of everything sealed: segments and archives of all
// apps, deleted ones too, in every directory that one of their files is or was
// in. Owners come from the catalog alone: what lies under archive/ and is no
// app's is left alone. Blocks on the disk; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/catalog.h"
#include "store/segments.h"

namespace rotate {

struct Stored {
  std::string app;
  bool gone = false;  // the app is deleted
  store::SegmentKind kind = store::SegmentKind::Out;
  int instance = 0;
  uint64_t sequence = 0;
  bool raw = false;
  bool compressed = false;
  std::string path;
  uint64_t bytes = 0;     // with its sidecar, and what an archiving left beside
  base::Timestamp first;  // of its first line, by its name
  std::optional<base::Timestamp> last;          // when it was written last
  uint64_t device = 0;                          // the file system it is on
  std::optional<base::Timestamp> deleted = {};  // the app, when it is gone
};

// "error-1.0000000007": what the owner and the number are called.
std::string describe(const Stored& file);

// A directory where segments of one app are, or will be.
struct Archives {
  std::string live_dir;  // of the live files
  const store::CatalogApp* app = nullptr;
};
// Of all apps, each once; paths are absolute or in `log_dir`. They may not be
// there yet.
std::vector<Archives> archives_of(const std::string& log_dir,
                                  const store::Catalog& catalog);

// By app, kind, instance, number. With `problems`, what can't be read is left
// out and told there: one directory that is lost must not stop the care for
// others.
base::Result<std::vector<Stored>> take_stock(
    const std::string& log_dir, const store::Catalog& catalog,
    std::vector<base::Error>* problems = nullptr);

}  // namespace rotate
