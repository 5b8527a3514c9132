#pragma once
// The descriptor of capture's spool: kept by the keeper too, under a slot of no
// life, so that what was read and not yet written outlives this daemon. Lives
// on the control loop.

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "capture/capture_thread.h"
#include "daemon/chronicle.h"
#include "keeper/link.h"

namespace daemon_ {

class SpoolHolder {
 public:
  static bool is_spool(const keeper::FoundSlot& slot);

  // What an earlier daemon held.
  void take(keeper::FoundSlot slot);
  // Gives capture the spool of an earlier daemon, from the keeper or, should
  // that be gone too, by its name; else a new one. The keeper holds it from
  // then on. Before anything is captured. Without one a kill would lose what is
  // under way; that is no reason not to capture.
  void begin(keeper::Link& link, const std::string& home_id,
             capture::CaptureThread& capture, Chronicle& chronicle);
  // Everything in it is written: the next daemon needs none of it.
  static void remove(const std::string& home_id);

  // Holds another descriptor of `fd` here and with the keeper, which has none
  // yet: once in a keeper's life.
  base::Status hold(keeper::Link& link, int fd);
  // To a new keeper: what the old one held, if anything.
  base::Status hand_over(keeper::Link& link) const;

  int fd() const { return fd_.get(); }  // -1 = there is none

 private:
  // `lost`: there was one that can't be read, and why.
  base::Result<capture::Spool> open(keeper::Link& link,
                                    const std::string& home_id,
                                    std::string& lost);
  static base::Status send(keeper::Link& link, int fd);

  base::UniqueFd fd_;
};

}  // namespace daemon_
