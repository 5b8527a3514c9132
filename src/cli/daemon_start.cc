#include "cli/daemon_start.h"

#include "keeper/launch.h"

namespace cli {

base::Status ensure_daemon(const base::Home& home) {
  return keeper::ensure_running(home);
}

}  // namespace cli
