#include "cli/doctor_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/fs.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/report.h"

namespace cli {
namespace {

using State = Finding::State;

void mend_modes(const base::Home& home, Findings& all) {
  for (const auto& wrong : wrong_modes(home)) {
    auto set = base::fs::set_mode(wrong.path, wrong.wanted);
    all.push_back({set ? State::Ok : State::Bad, "mended",
                   set ? fmt::format("{}: {:04o}, was {:04o}", wrong.path,
                                     wrong.wanted, wrong.mode)
                       : set.error().message,
                   ""});
  }
}

}  // namespace

int run_doctor(const Invocation& invocation) {
  const auto& home = invocation.home;
  Findings all;
  if (invocation.args.has("fix")) mend_modes(home, all);
  std::ranges::move(look_at_all(home, invocation.line),
                    std::back_inserter(all));
  say(invocation, invocation.json ? findings_json(all)
                                  : findings_text(all, invocation.color));
  const bool bad = std::ranges::any_of(
      all, [](const auto& finding) { return finding.state == State::Bad; });
  return bad ? kFailed : kDone;
}

}  // namespace cli
