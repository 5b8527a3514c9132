#pragma once
// What runs already when a daemon begins becomes its own: from the keeper, or,
// when that died too, from /proc. On the control loop.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daemon/child_io.h"
#include "keeper/link.h"
#include "supervisor/supervisor.h"

namespace daemon_ {

class Adoption {
 public:
  Adoption(supervisor::Supervisor& supervisor, ChildIo& io, keeper::Link& link)
      : supervisor_(supervisor), io_(io), link_(link) {}

  // What the keeper has. What of it belongs to no app is ended.
  void adopt(std::vector<keeper::FoundSlot> found);
  // Keeper and daemon died together, and some of their children live on.
  void adopt_orphans(const std::string& home_id,
                     const ChildIo::FindProcess& process_of);
  // Slots of processes that are no children of the keeper.
  const std::set<uint64_t>& fosters() const { return fosters_; }

 private:
  void adopt_one(const supervisor::Life& life, keeper::FoundSlot& slot);
  void end_stray(const supervisor::Life& life, int pid);

  supervisor::Supervisor& supervisor_;
  ChildIo& io_;
  keeper::Link& link_;
  std::set<uint64_t> fosters_;
};

}  // namespace daemon_
