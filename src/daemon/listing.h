#pragma once
// The rows of `list`: what the supervisor knows, with what /proc and the file
// system say at the moment. Lives on the control loop.

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/message.h"
#include "daemon/capture_tally.h"
#include "daemon/sampler.h"
#include "daemon/users.h"
#include "daemon/write_rates.h"
#include "store/catalog.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class Listing {
 public:
  using Controllers = std::function<std::set<std::string>()>;
  // `output_open`: whether something still holds that slot's output;
  // `max_size`: of a live file whose app says nothing of it; `controllers`:
  // what control groups can limit here.
  Listing(std::string log_dir, const CaptureTally& tally,
          const WriteRates& rates, const Sampler& sampler, Users& users,
          std::function<bool(uint64_t slot)> output_open,
          std::function<uint64_t()> max_size, Controllers controllers);

  // Bytes by name, as the catalog has it, of live files. Where there are many
  // they are those of this second, as what the sampler says is.
  using Sizes = std::unordered_map<std::string, int64_t>;
  const Sizes& live_sizes(const store::Catalog& catalog);

  // As much as the request wants to know.
  control::InstanceInfo row(const supervisor::App& app,
                            const supervisor::Instance& instance,
                            const control::ListRequest& request,
                            const Sizes& sizes);
  bool disk_full() const { return tally_.disk_full(); }

 private:
  void measure(control::InstanceInfo& info) const;
  std::string path_of(const std::string& file) const;
  std::string user_of(const config::AppSpec& spec);
  std::string version_of(const std::string& cwd);

  const std::string log_dir_;
  const CaptureTally& tally_;
  const WriteRates& rates_;
  const Sampler& sampler_;
  Users& users_;
  const std::string own_user_;
  std::function<bool(uint64_t)> output_open_;
  std::function<uint64_t()> max_size_;
  Controllers controllers_;
  std::map<std::string, std::string> versions_;  // by cwd
  Sizes sizes_;
  std::chrono::steady_clock::time_point sizes_at_;
};

}  // namespace daemon_
