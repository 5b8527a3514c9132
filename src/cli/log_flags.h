#pragma once
// Flags of commands that read log lines: `logs`, `grep`, `archive export`. They
// mean the same everywhere. Part of the table in commands.cc.

#include <array>

#include "cli/commands.h"

namespace cli::rows {

template <size_t... N>
consteval auto joined(const std::array<Flag, N>&... parts) {
  std::array<Flag, (N + ...)> all{};
  size_t at = 0;
  const auto add = [&](const auto& part) {
    for (const auto& flag : part) all[at++] = flag;
  };
  (add(parts), ...);
  return all;
}

inline constexpr Flag kExclude = {"exclude", 0, "TARGET",
                                  "leave out (repeatable)"};

inline constexpr Flag kFrom = {
    "from", 0, "PLACE", "a log directory, home or report", false, "Where"};

inline constexpr std::array kFollowFlag = {
    Flag{"follow", 'f', "", "go on with what comes, through restarts", false,
         "Which lines"},
};
inline constexpr std::array kWhichFlags = {
    Flag{"lines", 'n', "N", "the last N of each app that match, or all", false,
         "Which lines"},
    Flag{"max-count", 'm', "N", "N matches, then stop"},
    Flag{"out", 0, "", "stdout alone"},
    Flag{"err", 0, "", "stderr alone"},
    Flag{"since", 0, "TIME", "from then on: 10:15, -10m, 2026-11-21"},
    Flag{"until", 0, "TIME", "until then, exclusive"},
    Flag{"around", 0, "TIME", "before and after a moment (or a cursor)"},
    Flag{"window", 0, "TIME", "... by so much (default: 10s)"},
    Flag{"generation", 0, "N", "of that life of an instance; -1: the last"},
    Flag{"since-restart", 0, "", "of the life that is running"},
    Flag{"last-crash", 0, "", "of the life that crashed last"},
    kExclude,
};
inline constexpr std::array kPatternFlags = {
    Flag{"grep", 'g', "RE", "text that matches (repeatable: any)", false,
         "Text (RE2)"},
};
inline constexpr std::array kTextFlags = {
    Flag{"and", 0, "RE", "... and this too (repeatable)"},
    Flag{"not", 'V', "RE", "... and not this (repeatable)"},
    Flag{"ignore-case", 'i', "", "upper case is lower case"},
    Flag{"smart-case", 'S', "", "... in patterns without upper case"},
    Flag{"fixed-strings", 'F', "", "patterns are plain text"},
    Flag{"word-regexp", 'w', "", "whole words"},
    Flag{"line-regexp", 'x', "", "whole lines"},
    Flag{"invert-match", 'v', "", "lines that do not match"},
    Flag{"after-context", 'A', "N", "N lines after each match"},
    Flag{"before-context", 'B', "N", "N lines before each match"},
    Flag{"context", 'C', "N", "N lines around each match"},
    Flag{"context-of", 0, "all", "of all apps; else of the same instance"},
    Flag{"bytes", 0, "", "colour sequences are text too"},
    Flag{"level", 0, "LEVEL", "at least: trace debug info warn error fatal",
         false, "Sense"},
    Flag{"where", 0, "EXPR", "fields: 'status>=500 and path~\"^/api\"'"},
    Flag{"lines-only", 0, "", "judge each line of a stack trace by itself"},
    Flag{"records", 0, "", "patterns see whole stack traces"},
    Flag{"count", 'c', "", "how many", false, "Sums"},
    Flag{"by", 0, "WHAT", "counts by 1m, 1h, ... or a field"},
    Flag{"distinct", 0, "FIELD", "the values of a field, with counts"},
    Flag{"top", 0, "", "the most frequent forms of lines"},
    Flag{"new", 0, "", "--top: what the baseline has not"},
    Flag{"baseline", 0, "A..B", "--top --new: a range (default: all before)"},
};
inline constexpr std::array kGrepFlags = {
    Flag{"regexp", 'e', "RE", "a pattern (repeatable: any)", false,
         "Text (RE2)"},
    Flag{"file", 0, "FILE", "patterns from a file, one a line; -: stdin"},
};
inline constexpr std::array kGrepSums = {
    Flag{"files-with-matches", 'l', "", "only names of streams with matches"},
    Flag{"files", 0, "", "... by path"},
    Flag{"quiet", 'q', "", "nothing: the exit code tells"},
};
inline constexpr std::array kCursorFlags = {
    Flag{"cursor-file", 0, "FILE", "go on where the last run ended", false,
         "Going on"},
    Flag{"after-cursor", 0, "CURSOR", "from behind that line"},
    Flag{"after", 0, "CURSOR", "the same"},
};
inline constexpr std::array kShapeFlags = {
    Flag{"raw", 0, "", "the app's own bytes alone", false, "Shape"},
    Flag{"only-matching", 'o', "", "only the parts that match"},
    Flag{"template", 0, "TEXT", "'{time} {app} {level} {message} {.req.id}'"},
    Flag{"format", 0, "", "PM2's key=value form"},
    Flag{"timestamp", 0, "FORMAT", "'YYYY-MM-DD HH:mm:ss' or '%F %T'", true},
    Flag{"utc", 0, "", "times in UTC"},
    Flag{"pretty", 0, "", "JSON lines readable (default on a terminal)"},
    Flag{"fields", 0, "A,B.C", "only these fields of JSON lines"},
    Flag{"highlight", 0, "RE", "coloured, nothing left out"},
    Flag{"reverse", 0, "", "the newest first"},
    Flag{"full", 0, "", "rows of any length"},
    Flag{"no-events", 0, "", "without starts, exits and the like"},
    kFrom,
    Flag{"stats", 0, "", "on stderr: what was read, and what was not"},
    Flag{"threads", 'j', "N", "search with so many (default: all cores)"},
    Flag{"nostream", 0, "", "accepted for PM2's sake: don't follow"},
};

inline constexpr auto kLogsFlags =
    joined(kFollowFlag, kWhichFlags, kPatternFlags, kTextFlags, kCursorFlags,
           kShapeFlags);
inline constexpr auto kGrepAllFlags =
    joined(kFollowFlag, kWhichFlags, kGrepFlags, kTextFlags, kGrepSums,
           kCursorFlags, kShapeFlags);

}  // namespace cli::rows
