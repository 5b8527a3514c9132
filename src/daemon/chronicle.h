#pragma once
// Makes of the supervisor's happenings what is kept of them: events, and the
// catalog of who owns which log files. Lives on the control loop.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/capture_tally.h"
#include "daemon/recorder.h"
#include "daemon/sampler.h"
#include "store/catalog.h"
#include "supervisor/observer.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class Chronicle final : public supervisor::Observer {
 public:
  // `sampler` may be null: then exits tell of no memory.
  Chronicle(Recorder& recorder, const base::Clock& clock, CaptureTally& tally,
            Sampler* sampler, std::string log_dir, store::Catalog catalog);

  // supervisor::Observer
  void on_happening(const supervisor::Happening& happening) override;
  void on_list_changed() override;

  // Every app of the supervisor has its entry in the catalog.
  void enter(const supervisor::Supervisor& supervisor);
  // The logs of that app are gone, and its entry with them.
  void strike(const std::string& app);
  // No app has an id any more: whoever runs here next gives them anew.
  void retire();
  void record(store::Event event);  // stamped now, unless it has a time
  void record_error(std::string reason);
  // Of the definition of that app, by somebody.
  void changed(const std::string& app, std::vector<std::string> keys,
               const supervisor::Cause& cause);
  // From now on seals of that app are somebody's wish; an empty actor: no more.
  void set_sealing(const std::string& app, const supervisor::Cause& cause);
  // Files that are nobody's once these instances of `app` are gone.
  std::vector<std::string> files_left(const std::string& app,
                                      const std::set<int>& numbers) const;

  const store::Catalog& catalog() const { return catalog_; }
  // Grows when the catalog changes.
  uint64_t revision() const { return revision_; }

 private:
  bool enter(const supervisor::App& app);
  void take_from_others(const std::string& app,
                        const store::CatalogInstance& files);
  void mark_deleted(const supervisor::Life& life);
  void add_evidence(const supervisor::Happening& ended, store::Event& event);
  std::string words_file(const supervisor::Life& life) const;
  void save();

  Recorder& recorder_;
  const base::Clock& clock_;
  CaptureTally& tally_;
  Sampler* const sampler_;
  const std::string log_dir_;
  store::Catalog catalog_;
  std::map<std::string, supervisor::Cause> sealing_;  // by app
  uint64_t revision_ = 1;
};

}  // namespace daemon_
