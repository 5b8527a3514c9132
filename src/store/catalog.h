#pragma once
// logs/catalog.json: every app there ever was in this log directory, with the
// files that are its own. Kept after `delete`, so that its logs stay readable
// and have an owner. Written by the daemon alone, by atomic replacement; read
// by anyone without a lock.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/names.h"

namespace store {

// Files are names in the log directory, or absolute paths (names.h,
// file_path()).
struct CatalogInstance {
  int id = 0;      // as in `list`; -1 once the app is deleted
  int number = 0;  // within the app, from 0
  // Empty: of that stream nothing is kept. Both the same: one file has both.
  // Several instances of an app may share them.
  std::string out_file;
  std::string error_file;
  Stamp stamp = Stamp::Prefix;
  // What it wrote before its settings changed, oldest first. Still its own.
  struct Former {
    Stream stream = Stream::Out;
    std::string file;
    Stamp stamp = Stamp::Prefix;
    bool operator==(const Former&) const = default;
  };
  std::vector<Former> former = {};
  bool operator==(const CatalogInstance&) const = default;
};

// One file of an app, whichever of its instances write it.
struct CatalogFile {
  std::string file;
  Stream stream = Stream::Out;  // Out when it has both
  Stamp stamp = Stamp::Prefix;
  std::vector<const CatalogInstance*> instances;  // whose it is
  bool live = false;  // written now, or will be; else former
};

// What the user said of how what is sealed is kept, each stream by itself; kept
// here so that it holds for a deleted app too, and without a daemon.
struct KeepRules {
  std::optional<uint64_t> count;  // of files
  std::optional<std::chrono::milliseconds> age;
  std::optional<uint64_t> size;  // bytes
  int level = 3;                 // zstd's; 0: segments stay as they are
  bool operator==(const KeepRules&) const = default;
};

struct CatalogApp {
  std::string name;
  std::string space;  // namespace
  std::string events_file;
  base::Timestamp created;
  std::optional<base::Timestamp> deleted;
  std::vector<CatalogInstance> instances;  // ever; ascending by number
  KeepRules keep = {};
};

struct Catalog {
  std::vector<CatalogApp> apps;

  CatalogApp* find(std::string_view name);
  const CatalogApp* find(std::string_view name) const;
};

// Every file of the app once: by instance, former ones first, out before error.
std::vector<CatalogFile> files_of(const CatalogApp& app);

// The instance's files are now those of `wanted`; what they were is former.
// True when that changed anything.
bool update_files(CatalogInstance& known, const CatalogInstance& wanted);

// A directory without a catalog has an empty one.
base::Result<Catalog> load_catalog(const std::string& log_dir);
std::string format_catalog(const Catalog& catalog);
base::Status save_catalog(const std::string& log_dir, const Catalog& catalog);

}  // namespace store
