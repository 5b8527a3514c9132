#pragma once
// The rows of `list`: what the supervisor knows, with what /proc and the file
// system say at the moment. Lives on the control loop.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "control/message.h"
#include "daemon/capture_tally.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class Listing {
 public:
  using Controllers = std::function<std::set<std::string>()>;
  // `output_open`: whether something still holds that slot's output;
  // `max_size`: of a live file whose app says nothing of it; `controllers`:
  // what control groups can limit here.
  Listing(const base::Clock& clock, std::string log_dir,
          const CaptureTally& tally,
          std::function<bool(uint64_t slot)> output_open,
          std::function<uint64_t()> max_size, Controllers controllers);

  control::InstanceInfo row(const supervisor::App& app,
                            const supervisor::Instance& instance);
  bool disk_full() const { return tally_.disk_full(); }

 private:
  // CPU is what was used since the last look, as long as that is a while ago.
  struct Usage {
    int pid = 0;
    uint64_t ticks = 0;
    base::MonoTime at;
    double percent = 0;
  };
  void measure(control::InstanceInfo& info);
  std::string path_of(const std::string& file) const;
  std::string version_of(const std::string& cwd);

  const base::Clock& clock_;
  const std::string log_dir_;
  const CaptureTally& tally_;
  const std::string user_;
  std::function<bool(uint64_t)> output_open_;
  std::function<uint64_t()> max_size_;
  Controllers controllers_;
  std::map<int, Usage> usage_;                   // by instance id
  std::map<std::string, std::string> versions_;  // by cwd
};

}  // namespace daemon_
