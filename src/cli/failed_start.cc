#include "cli/failed_start.h"

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/views.h"

namespace cli {

void report_failed(const Invocation& invocation,
                   const control::Outcome& outcome) {
  const auto name =
      instance_name(outcome.app, outcome.instance, outcome.instances);
  report(invocation.command.name, false,
         {base::Errc::Io, 0, name + ": " + outcome.detail,
          "lodge logs " + outcome.app},
         kFailed);
}

}  // namespace cli
