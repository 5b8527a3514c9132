#pragma once
// The rows of commands.cc that tell why. Part of that table: nobody else
// includes this.

#include <array>

#include "cli/commands.h"
#include "cli/history_command.h"
#include "cli/notify_command.h"
#include "cli/why_command.h"

namespace cli::rows {

inline constexpr std::array kWhyFlags = {
    Flag{"lines", 'n', "N", "the last N lines of each stream (default: 10)"},
    Flag{"utc", 0, "", "times in UTC"},
};
inline constexpr std::array kWhyExamples = {
    Example{"lodge why api", "its last exit: how, evidence, last lines, next"},
    Example{"lodge why api/1 -n 50", "of one instance, with more lines"},
};
inline constexpr std::string_view kWhyDetails =
    "Of several instances, the one that exited last. The evidence: who ended "
    "it (asked, kill_timeout, itself, or a signal from outside), whether "
    "memory was out and how that is known, memory and cpu of its whole tree as "
    "last looked at. It is read from events and logs, so it needs no daemon; "
    "one that runs adds when it is tried again. Exit code 1 when it has not "
    "exited.";

inline constexpr std::array kHistoryFlags = {
    Flag{"utc", 0, "", "times in UTC"},
};
inline constexpr std::array kHistoryExamples = {
    Example{"lodge history api", "its revisions, the oldest first"},
};
inline constexpr std::array kNotifyExamples = {
    Example{"lodge notify ls", "every rule, how often it fired, and how"},
    Example{"lodge notify test api:errored", "its hook, now, with a test text"},
};
inline constexpr std::string_view kNotifyDetails =
    "A rule of an app (key notify), or of all (lodge set notify '[...]'): on "
    "errored, oom, restart_loop, disk_full, dropped, unhealthy, exited, or "
    "\"match: RE\" over its lines; over: \"5/1m\" counts; exec or webhook is "
    "given a JSON object; quiet (10m) follows each firing. A hook has 10 s; it "
    "delays nothing. docs/notify.md has all of it.";

inline constexpr std::array kWhyCommands = {
    Command{.name = "why",
            .aliases = {},
            .group = Group::Look,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "why an app last exited, and what comes next",
            .details = kWhyDetails,
            .flags = kWhyFlags,
            .json = true,
            .examples = kWhyExamples,
            .run = run_why},
    Command{.name = "history",
            .aliases = {},
            .group = Group::Look,
            .arguments = "<app>",
            .least_words = 1,
            .most_words = 1,
            .summary = "who changed an app's definition, and when",
            .details = "Its revisions by number: which keys changed, and with "
                       "which command; never a value.",
            .flags = kHistoryFlags,
            .json = true,
            .examples = kHistoryExamples,
            .run = run_history},
    Command{.name = "notify",
            .aliases = {},
            .group = Group::Look,
            .arguments = "<ls | test NAME>",
            .least_words = 1,
            .most_words = 2,
            .summary = "rules of whom to tell what; fire one as a test",
            .details = kNotifyDetails,
            .flags = {},
            .json = true,
            .examples = kNotifyExamples,
            .run = run_notify},
};

}  // namespace cli::rows
