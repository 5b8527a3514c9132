#include "cli/logs_command.h"

namespace cli {

int run_logs(const base::Home&, const LogsArgs&) {
  return 1;
}

}  // namespace cli
