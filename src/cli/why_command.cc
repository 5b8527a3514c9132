#include "cli/why_command.h"

#include <fmt/format.h>

#include <charconv>

#include "base/eprint.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/log_place.h"
#include "cli/report.h"
#include "cli/why.h"
#include "control/client.h"

namespace cli {
namespace {

base::Result<size_t> lines_wanted(const Args& args) {
  const auto text = args.value("lines");
  if (!text) return WhyAsked().lines;
  size_t value = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size() &&
      value <= 100'000)
    return value;
  return base::fail(base::Errc::Invalid,
                    fmt::format("--lines: '{}' is not a number", *text),
                    "for example: -n 30");
}

}  // namespace

int run_why(const Invocation& invocation) {
  const Args& args = invocation.args;
  auto most = lines_wanted(args);
  if (!most) return report(invocation, most.error(), kUsage);
  if (auto there = check_home(invocation.home); !there)
    return report(invocation, there.error(), kUsage);
  const std::string logs = invocation.home.logs();
  auto events = read_events(logs, filter_for(args.words));
  if (!events) return report(invocation, events.error(), kUsage);
  auto reply = control::ask(invocation.home, control::ListRequest{},
                            {.command = invocation.line}, {});
  WhyAsked asked;
  asked.now = base::SystemClock().now();
  asked.list = reply ? std::get_if<control::ListReply>(&*reply) : nullptr;
  asked.lines = *most;
  if (asked.list == nullptr && !invocation.silent)
    base::eprint("lodge: why: no daemon answers; from files alone\n");
  std::vector<base::Error> problems;
  const auto whys = find_whys(logs, std::move(*events), asked, problems);
  for (const auto& problem : problems) report(invocation, problem, kUsage);
  const auto zone = args.has("utc") ? base::Zone::Utc : base::Zone::Local;
  std::string text;
  for (const auto& why : whys) {
    if (!text.empty() && !invocation.json) text += "\n";
    text += invocation.json ? why_json(why, asked.list != nullptr)
                            : why_text(why, asked.now, zone, invocation.color);
  }
  if (text.empty())
    return report(
        invocation,
        {base::Errc::NotFound, 0,
         args.words.front() + ": has not exited, as far as its events tell",
         "lodge events " + args.words.front()},
        kFailed);
  say(invocation, text);
  return kDone;
}

}  // namespace cli
