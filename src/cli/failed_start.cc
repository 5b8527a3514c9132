#include "cli/failed_start.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/eprint.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/text_cells.h"
#include "cli/views.h"
#include "query/last_lines.h"

namespace cli {
namespace {

constexpr size_t kLastLines = 10;

}  // namespace

void report_failed(const Invocation& invocation,
                   const control::Outcome& outcome) {
  const auto name =
      instance_name(outcome.app, outcome.instance, outcome.instances);
  report(invocation.command.name, false,
         {base::Errc::Io, 0, name + ": " + outcome.detail,
          (outcome.started_at.empty() ? "lodge describe " : "lodge logs ") +
              outcome.app},
         kFailed);
  const auto since = base::parse_stamp(outcome.started_at);
  if (!since) return;
  const auto lines = query::last_lines(invocation.home.logs(), outcome.app,
                                       outcome.instance, *since, kLastLines);
  if (!lines) return;  // the logs say why themselves
  for (const auto& line : *lines)
    base::eprint("  {} {}\n", line.stream == store::Stream::Error ? "!" : " ",
                 printable(line.text));
}

}  // namespace cli
