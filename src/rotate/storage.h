#pragma once
// What is sealed, kept in mind: which segment is archived next, what is deleted
// when, and doing the latter. Knows of new segments by being told, so that
// nothing is searched for while logs are written. One thread, which may block
// on the disk; archiving itself is another's, who asks for a job and says how
// it went: meanwhile its segment may be deleted here.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/settings.h"
#include "rotate/retention.h"
#include "rotate/stock.h"
#include "store/archive_writer.h"
#include "store/catalog.h"

namespace rotate {

// A live file, which takes room too.
struct LiveBytes {
  std::string app;
  std::string path;
  uint64_t device = 0;
  uint64_t bytes = 0;
  uint64_t growth = 0;  // what it may still grow until it is sealed
};

struct ArchiveJob {
  store::Segment segment;
  store::ArchiveOptions options;
};

class Storage {
 public:
  // `on_removed` hears of each file that retention deleted.
  Storage(const base::Clock& clock, std::string log_dir,
          std::function<void(const Removal&)> on_removed);

  // What is there by now. Again when the catalog changes.
  void set_catalog(store::Catalog catalog);
  // None: they can't be read; until they can nothing is deleted by a limit that
  // may not be meant.
  void set_settings(const std::optional<base::Settings>& settings);
  void set_live(std::vector<LiveBytes> live) { live_ = std::move(live); }

  // A live file of that app was sealed to `path`.
  void add(const std::string& app, const std::string& path);

  // Deletes what is over a limit. `pressed`: a disk is full although it may not
  // seem so (a quota): then some room is made in any case.
  base::Status enforce(bool pressed = false);
  // Deletes these, whatever the limits say; answers how many bytes they had.
  base::Result<uint64_t> remove(const std::vector<Stored>& files);
  // Deletes what is sealed of these instances (sealed.h), and what is being
  // made of it.
  base::Status remove_sealed(const store::CatalogApp& app,
                             const std::set<int>& instances);

  // The segment that waits longest, of those nobody is at; nullopt: none does,
  // or logs are being written so fast that it had better wait: memory is
  // shared, whatever the priorities. Not once a quarter of the cap waits.
  std::optional<ArchiveJob> next_job();
  // What came of it. Deleted meanwhile: so is the archive. Not archived: it is
  // tried again after the others, a while later.
  void archived(const store::Segment& segment);

  // Bytes of all sealed files.
  uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Stored file;
    base::MonoTime not_before{};  // of the next try to archive it
  };
  void put(Stored file);
  void erase(const std::string& path);
  bool may_skip(bool pressed) const;
  base::Status enforce_on(uint64_t device, bool pressed, base::Timestamp now);
  const store::CatalogApp* app_of(const Stored& file) const;

  const base::Clock& clock_;
  const std::string log_dir_;
  std::function<void(const Removal&)> on_removed_;
  store::Catalog catalog_;
  base::Settings settings_;
  bool holds_ = false;  // settings can't be read
  // The segments that are being archived; true: deleted meanwhile.
  std::map<std::string, bool> jobs_;
  std::vector<LiveBytes> live_;
  std::map<std::string, Entry> files_;  // by path
  uint64_t bytes_ = 0;
  base::MonoTime looked_{};  // at ages
  base::MonoTime added_{};   // a segment, last
};

// Of a file system of that size, by the settings.
Budget budget_of(const base::Settings& settings, uint64_t total);
Retain retain_of(const store::KeepRules& keep);

}  // namespace rotate
