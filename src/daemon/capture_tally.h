#pragma once
// What capture could not keep, by instance, and which disks are full: for
// `list` and `describe`. Counted since this daemon began; the events have it
// all. Lives on the control loop.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace daemon_ {

class CaptureTally {
 public:
  struct Count {
    uint64_t lines = 0;
    uint64_t bytes = 0;
  };

  void dropped(const std::string& app, int instance, Count more);
  Count dropped(const std::string& app, int instance) const;

  // Of the file that this source writes.
  void disk_full(const std::string& app, int instance, uint64_t source,
                 bool full);
  void source_ended(uint64_t source);
  bool disk_full(const std::string& app, int instance) const;
  bool disk_full() const { return !full_.empty(); }

  // That app's instance is no more.
  void forget(const std::string& app, int instance);

 private:
  using Instance = std::pair<std::string, int>;
  std::map<Instance, Count> dropped_;
  std::map<uint64_t, Instance> full_;  // by source
};

}  // namespace daemon_
