#pragma once
// The rows of commands.cc that are about logs. Part of that table: nobody else
// includes this.

#include <array>

#include "cli/archive_command.h"
#include "cli/commands.h"
#include "cli/events_command.h"
#include "cli/log_file_commands.h"
#include "cli/log_flags.h"
#include "cli/logs_command.h"
#include "cli/report_command.h"

namespace cli::rows {

using Names = std::string_view;

inline constexpr std::string_view kTargetDetails =
    "A target is an id, a name, name/instance, a namespace, all, a pattern "
    "('api-*'), a regular expression ('/^api/'), or a configuration file (its "
    "apps); id:3, app:x and ns:x say which is meant.";

inline constexpr std::array kLogsNames = {Names("log")};
inline constexpr std::array kLogsExamples = {
    Example{"lodge logs", "the last lines of every app"},
    Example{"lodge logs api -f", "follow one"},
    Example{"lodge logs api --err --since 10:15", "its errors since then"},
    Example{"lodge logs api -g timeout -C 3 -f",
            "lines that match, in context"},
    Example{"lodge logs --level error --by 1m", "errors by the minute"},
    Example{"lodge logs api --raw -n all > api.txt", "every byte it wrote"},
};
inline constexpr std::array kGrepExamples = {
    Example{"lodge grep 3f9d2c71-8e4a api", "an id, in all there is of api"},
    Example{"lodge grep -i 'timeout|refused' --since 2h -C 2",
            "in context, of all apps"},
    Example{"lodge grep -c . --where 'status>=500' web", "how many"},
    Example{"lodge grep panic --err -l", "who has it"},
};
inline constexpr std::string_view kGrepDetails =
    "Patterns are RE2 and see the app's own bytes, no stamp, no colours. "
    "Searches live files, segments and archives, the oldest lines first; exit "
    "code 0 when a line matched, 1 when none did, 2 when the question or the "
    "data was bad. A target is as for logs.";
inline constexpr std::array kTailExamples = {
    Example{"lodge tail api web", "two apps in one stream"},
};
inline constexpr std::array kEventsFlags = {
    Flag{"follow", 'f', "", "go on with what comes"},
    Flag{"lines", 'n', "N", "the last N events, or all (default: 15)"},
    Flag{"max-count", 'm', "N", "N events, then stop"},
    Flag{"since", 0, "TIME", "from then on: 10:15, -10m, 2026-11-21"},
    Flag{"until", 0, "TIME", "until then, exclusive"},
    Flag{"around", 0, "TIME", "before and after a moment"},
    Flag{"window", 0, "TIME", "... by so much (default: 10s)"},
    Flag{"generation", 0, "N", "of that life of an instance; -1: the last"},
    Flag{"kind", 0, "KIND,…", "only these: start, exit, errored, drop, ..."},
    Flag{"grep", 'g', "RE", "words that match (repeatable: any)"},
    Flag{"and", 0, "RE", "... and this too (repeatable)"},
    Flag{"not", 'V', "RE", "... and not this (repeatable)"},
    Flag{"ignore-case", 'i', "", "upper case is lower case"},
    Flag{"smart-case", 'S', "", "... in patterns without upper case"},
    Flag{"fixed-strings", 'F', "", "patterns are plain text"},
    Flag{"word-regexp", 'w', "", "whole words"},
    Flag{"line-regexp", 'x', "", "all of the event's words"},
    Flag{"invert-match", 'v', "", "events that do not match"},
    Flag{"count", 'c', "", "how many"},
    Flag{"reverse", 0, "", "the newest first"},
    Flag{"utc", 0, "", "times in UTC"},
    Flag{"from", 0, "PLACE", "of a log directory, home or report"},
    kExclude,
};
inline constexpr std::array kReportFlags = {
    Flag{"since", 0, "TIME", "from then on: 10:15, 2h, 2026-11-21"},
    Flag{"until", 0, "TIME", "until then, exclusive (default: now)"},
    Flag{"output", 'o', "FILE", "- for stdout (default: see below)"},
    Flag{"utc", 0, "", "times are in UTC"},
    kExclude,
};
inline constexpr std::array kReportExamples = {
    Example{"lodge report api --since 10:15 --until 10:30",
            "one file for a colleague"},
    Example{"lodge report --since 2h -o - | ssh desk 'cat > f.tar.zst'",
            "of all apps, kept elsewhere"},
    Example{"lodge report api --since 2h -o f.tar.zst",
            "then: lodge grep ERROR --from f.tar.zst"},
};
inline constexpr std::string_view kReportDetails =
    "Writes lodge-report-<UTC time>.tar.zst here: the stamped lines of the "
    "range, its events, why, describe, doctor, settings, versions and "
    "checksums. logs, grep, events and archive export read it with --from; "
    "tar --zstd -xf unpacks it. Values of variables and flags whose names look "
    "secret (KEY, TOKEN, SECRET, PASS, AUTH, COOKIE, CREDENTIAL) become ***; "
    "lines stay as the app wrote them. Exit code 2 when something could not be "
    "read: report.json in it says what.";
inline constexpr std::array kEventsExamples = {
    Example{"lodge events api", "its starts, exits and restarts"},
    Example{"lodge events -f --kind exit,errored", "what ends, as it does"},
    Example{"lodge events -n all --json", "everything, for scripts"},
};
inline constexpr std::array kFlushNames = {Names("clear")};
inline constexpr Flag kDryRun = {"dry-run", 0, "",
                                 "say what would go, touch nothing"};
inline constexpr Flag kYes = {"yes", 0, "", "don't ask"};
inline constexpr std::array kFlushFlags = {
    kDryRun,
    Flag{"archives", 0, "", "segments and archives too"},
    Flag{"before", 0, "TIME", "only files whose last line is older"},
    kYes,
    kExclude,
};
inline constexpr std::array kFlushExamples = {
    Example{"lodge flush api", "empties its log files"},
    Example{"lodge flush --dry-run", "how much that would be, of all apps"},
    Example{"lodge flush api --archives --before 7d",
            "what is older than a week, compressed or not"},
};
inline constexpr std::string_view kFlushDetails =
    "Deletes what the live files hold; of all apps when none is named. "
    "Segments and archives stay unless --archives is given, which needs a "
    "target (all, for everything). --before takes whole files: one with a line "
    "at that time or later stays as it is.";

inline constexpr std::array kRotateFlags = {kExclude};
inline constexpr std::array kRotateExamples = {
    Example{"lodge rotate api", "its live files become segments now"},
};
inline constexpr std::array kReloadLogsNames = {Names("reload-logs")};
inline constexpr std::array kReloadLogsExamples = {
    Example{"mv api-out.log /mnt/ && lodge reloadLogs",
            "from then on nothing is written to what was moved"},
};

inline constexpr std::array kPruneFlags = {
    Flag{"older", 0, "TIME", "prune: files whose last line is older"},
    Flag{"to", 0, "SIZE", "prune: until they take no more than that"},
    Flag{"free", 0, "SIZE", "prune: until the file system has that free"},
    kDryRun,
};
inline constexpr auto kArchiveFlags =
    joined(kPruneFlags, kWhichFlags, kPatternFlags, kTextFlags, kCursorFlags,
           kShapeFlags);
inline constexpr std::array kArchiveExamples = {
    Example{"lodge archive ls api", "its segments and archives"},
    Example{"lodge archive verify", "every checksum, of every file"},
    Example{"lodge archive export api --since yesterday > api.txt",
            "plain text of a range, live files too"},
    Example{"lodge archive prune --older 30d --dry-run",
            "what that would take"},
    Example{"lodge archive retention", "what goes next, and why"},
};
inline constexpr std::string_view kArchiveDetails =
    "ls lists what is sealed: range, lines, bytes. verify reads all of it and "
    "compares checksums, index and numbers; damage, and a file that is gone "
    "without a word of lodge's, is exit code 2. export prints lines, with "
    "--json as objects. prune deletes the oldest files. "
    "retention explains what goes next by the settings logs.cap and "
    "logs.keep_free (lodge get) and each app's log.retain. Each has --exclude; "
    "ls, prune and retention have --utc; ls and verify have --from, a log "
    "directory or home. All other flags below are export's but those of prune.";

inline constexpr std::array kLogCommands = {
    Command{.name = "logs",
            .aliases = kLogsNames,
            .group = Group::Logs,
            .arguments = "[target…]",
            .summary = "show log lines; -f follows",
            .details = kTargetDetails,
            .flags = kLogsFlags,
            .json = true,
            .examples = kLogsExamples,
            .run = run_logs_row},
    Command{.name = "tail",
            .aliases = {},
            .group = Group::Logs,
            .arguments = "[target…]",
            .summary = "follow log lines: logs -f",
            .details = kTargetDetails,
            .flags = kLogsFlags,
            .json = true,
            .examples = kTailExamples,
            .run = run_tail_row},
    Command{.name = "grep",
            .aliases = {},
            .group = Group::Logs,
            .arguments = "<pattern> [target…]",
            .summary = "search all log lines there are",
            .details = kGrepDetails,
            .flags = kGrepAllFlags,
            .json = true,
            .examples = kGrepExamples,
            .run = run_grep},
    Command{.name = "events",
            .aliases = {},
            .group = Group::Logs,
            .arguments = "[target…]",
            .summary = "starts, exits, drops, full disks, flushes",
            .details = kTargetDetails,
            .flags = kEventsFlags,
            .json = true,
            .examples = kEventsExamples,
            .run = run_events},
    Command{.name = "report",
            .aliases = {},
            .group = Group::Logs,
            .arguments = "[target…]",
            .summary = "lines, events and facts of a range as one file",
            .details = kReportDetails,
            .flags = kReportFlags,
            .json = true,
            .examples = kReportExamples,
            .run = run_report},
    Command{.name = "flush",
            .aliases = kFlushNames,
            .group = Group::Logs,
            .arguments = "[target…]",
            .summary = "delete log lines: of all apps by default",
            .details = kFlushDetails,
            .flags = kFlushFlags,
            .json = true,
            .examples = kFlushExamples,
            .run = run_flush},
    Command{.name = "rotate",
            .aliases = {},
            .group = Group::Logs,
            .arguments = "[target…]",
            .summary = "seal live files now: of all apps by default",
            .details = kTargetDetails,
            .flags = kRotateFlags,
            .json = true,
            .examples = kRotateExamples,
            .run = run_rotate},
    Command{.name = "reloadLogs",
            .aliases = kReloadLogsNames,
            .group = Group::Logs,
            .arguments = "",
            .most_words = 0,
            .summary = "open log files anew that were moved",
            .details = "SIGUSR2 to the daemon does the same.",
            .flags = {},
            .json = true,
            .examples = kReloadLogsExamples,
            .run = run_reload_logs},
    Command{.name = "archive",
            .aliases = {},
            .group = Group::Logs,
            .arguments = "<what> [target…]",
            .least_words = 1,
            .summary = "look after segments and archives",
            .details = kArchiveDetails,
            .flags = kArchiveFlags,
            .json = true,
            .examples = kArchiveExamples,
            .run = run_archive},
};

}  // namespace cli::rows
