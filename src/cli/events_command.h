#pragma once
// `lodge events`: what Lodge has to say about apps, read from the log directory
// by this process itself; works without a daemon.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/events.h"

namespace cli {

struct Invocation;

int run_events(const Invocation& invocation);

struct EventFilter {
  std::vector<std::string> targets;  // empty = all, and the daemon's own
  std::vector<std::string> exclude;
  std::optional<size_t> last;            // of all together
  std::optional<base::Timestamp> since;  // inclusive
};

// In time order. Lines that this version doesn't understand are passed over.
// Errc::NotFound and Errc::Invalid are about the targets.
base::Result<std::vector<store::Event>> read_events(const std::string& log_dir,
                                                    const EventFilter& filter);

}  // namespace cli
