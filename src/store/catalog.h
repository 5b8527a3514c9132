#pragma once
// logs/catalog.json: every app there ever was in this log directory, with the
// files that are its own. Kept after `delete`, so that its logs stay readable
// and have an owner. Written by the daemon alone, by atomic replacement; read
// by anyone without a lock.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/names.h"

namespace store {

struct CatalogInstance {
  int id = 0;            // as in `list`; -1 once the app is deleted
  int number = 0;        // within the app, from 0
  std::string out_file;  // names in the log directory
  std::string error_file;
};

struct CatalogApp {
  std::string name;
  std::string space;  // namespace
  std::string events_file;
  base::Timestamp created;
  std::optional<base::Timestamp> deleted;
  std::vector<CatalogInstance> instances;  // ever; ascending by number
};

struct Catalog {
  std::vector<CatalogApp> apps;

  CatalogApp* find(std::string_view name);
  const CatalogApp* find(std::string_view name) const;
};

// A directory without a catalog has an empty one.
base::Result<Catalog> load_catalog(const std::string& log_dir);
base::Status save_catalog(const std::string& log_dir, const Catalog& catalog);

}  // namespace store
