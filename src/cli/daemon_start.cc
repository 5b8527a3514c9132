#include "cli/daemon_start.h"

#include "control/client.h"

namespace cli {

base::Status ensure_daemon(const base::Home& home) {
  auto alive = control::ask(home, control::PingRequest{}, {});
  if (!alive) return base::fail(std::move(alive.error()));
  return {};
}

}  // namespace cli
