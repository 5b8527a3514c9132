#pragma once
// The descriptor of capture's spool: kept by the keeper too, under a slot of no
// life, so that what was read and not yet written outlives this daemon. Lives
// on the control loop.

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/link.h"

namespace daemon_ {

class SpoolHolder {
 public:
  static bool is_spool(const keeper::FoundSlot& slot);

  // What an earlier daemon held.
  void take(keeper::FoundSlot slot);
  // Holds another descriptor of `fd` here and with the keeper, which has none
  // yet: once in a keeper's life.
  base::Status hold(keeper::Link& link, int fd);
  // To a new keeper: what the old one held, if anything.
  base::Status hand_over(keeper::Link& link) const;

  int fd() const { return fd_.get(); }  // -1 = there is none

 private:
  static base::Status send(keeper::Link& link, int fd);

  base::UniqueFd fd_;
};

}  // namespace daemon_
