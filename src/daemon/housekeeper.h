#pragma once
// What becomes of logs once they are written: live files are sealed when they
// are due, segments are compressed, and what is over a limit is deleted. Lives
// on the control loop; what blocks is done by workers, one that deletes and
// keeps count (rotate/storage.h), one or two that compress, at idle priority.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/home.h"
#include "base/settings.h"
#include "base/worker_pool.h"
#include "capture/capture_thread.h"
#include "daemon/archiver.h"
#include "daemon/chronicle.h"
#include "daemon/seal_gate.h"
#include "daemon/write_rates.h"
#include "rotate/schedule.h"
#include "rotate/storage.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class Housekeeper {
 public:
  struct Parts {
    base::EventLoop& loop;
    const base::Clock& clock;
    const base::Home& home;
    supervisor::Supervisor& supervisor;
    capture::CaptureThread& capture;
    Chronicle& chronicle;
    SealGate& gate;
    CaptureTally& tally;
    WriteRates& rates;
  };
  explicit Housekeeper(Parts parts);
  // Waits for what its workers are at; an archive that was begun is given up.
  ~Housekeeper();

  // Once there are apps and a catalog.
  void begin();
  // There are more apps, or they have other settings.
  void apps_changed() { keep_sizes(); }
  // A live file of that app was sealed.
  void sealed(const std::string& app, const std::string& segment,
              uint64_t bytes);
  // Some disk is full: segments and archives give way.
  void disk_full();

  // Live files of these apps, sealed now. Answers per file.
  using OnSealed = std::function<void(std::vector<capture::Sealed>)>;
  void seal(const std::vector<std::string>& paths, OnSealed done);
  // Deletes sealed files; answers how many bytes they had.
  using OnRemoved = std::function<void(base::Result<uint64_t>)>;
  void remove(std::vector<rotate::Stored> files, OnRemoved done);
  // Deletes what is sealed of these instances of an app.
  struct Sealed {
    store::CatalogApp app;
    std::set<int> instances;
  };
  void remove_all(std::vector<Sealed> gone,
                  std::function<void(base::Status)> done);

  // At which size a live file is sealed when its app says nothing of it.
  uint64_t seal_size() const { return seal_sizes().usual; }
  // Of Lodge itself, as looked at within the last second.
  const base::Settings& settings() const { return settings_; }
  // What all logs on the logs' file system may take.
  uint64_t cap() const;
  // Apps of which retention has deleted files, to make room, since we began.
  const std::set<std::string>& cut_apps() const { return cut_; }

 private:
  struct Known {  // of an app's schedule, parsed
    std::string rotate;
    std::string tz;
    std::optional<rotate::Schedule> schedule;
    std::optional<base::Timestamp> sealed_before;  // asked for last
  };
  struct SealSizes {
    uint64_t usual = 0;  // of an app that says nothing of it
    uint64_t most = 0;   // whatever it says
    uint64_t of(const config::AppSpec& spec) const;
  };
  SealSizes seal_sizes() const;
  void tick();
  void look_at_settings();
  void look_at_catalog();
  void seal_due(base::Timestamp now);
  void keep_sizes();
  void take_live(const std::vector<capture::LiveState>& states);
  void add_events(std::vector<rotate::LiveBytes>& files) const;
  void seal_early(const std::vector<rotate::LiveBytes>& live, uint64_t most);
  std::vector<capture::SealRequest> requests_of(
      const supervisor::App& app, std::optional<base::Timestamp> before,
      uint64_t usual_size) const;
  void add_gone(std::vector<capture::SealRequest>& requests,
                std::optional<base::Timestamp> before) const;
  void note_removal(const rotate::Removal& removal);
  void enforce(rotate::Storage& storage, bool pressed);  // on its worker
  void on_storage(std::function<void(rotate::Storage&)> job);

  Parts parts_;
  base::Settings settings_;
  std::pair<int64_t, int64_t> settings_seen_{-1, -1};  // mtime
  uint64_t catalog_seen_ = 0;
  std::map<std::string, Known> schedules_;  // by app
  std::pair<uint64_t, uint64_t> sized_;     // that live files were told of
  base::MonoTime aged_{};                   // when ages were looked at last
  base::MonoTime listed_{};
  std::set<std::string> cut_;
  mutable uint64_t total_ = 0;  // bytes of the file system, as last known
  base::Timer tick_;
  base::Timer settled_;  // no file was sealed for a moment
  unsigned event_looks_ = 0;
  std::vector<rotate::LiveBytes> events_;  // storage worker's
  std::string trouble_;      // of retention, told last; storage worker's
  rotate::Storage storage_;  // storage worker's
  Archiver archiver_;        // ended before its worker goes
  base::WorkerPool storage_worker_{1};
};

}  // namespace daemon_
