#pragma once
// What is said of `list`, `describe` and `pid`. Part of the table of
// commands.cc: nobody else includes this.

#include <array>
#include <string_view>

#include "cli/commands.h"
#include "cli/log_rows.h"

namespace cli::rows {

inline constexpr std::array kListNames = {
    std::string_view("ls"), std::string_view("status"), std::string_view("ps"),
    std::string_view("l")};
inline constexpr std::array kListFlags = {
    Flag{"watch", 'w', "", "again every second, until Ctrl-C"},
    Flag{"sort", 0, "FIELD",
         "by cpu, mem, name, ...; cpu:desc: the most first"},
    kExclude};
inline constexpr std::array kDescribeFlags = {
    Flag{"show-secrets", 0, "", "values that look secret, too"}, kExclude};

inline constexpr std::array kListExamples = {
    Example{"lodge list", "a row for each instance"},
    Example{"lodge list --watch --sort cpu:desc", "who is busy, as it goes"},
    Example{"lodge list --json | jq '.[].status'", "for scripts"},
};
inline constexpr std::array kDescribeNames = {std::string_view("show"),
                                              std::string_view("info"),
                                              std::string_view("desc")};
inline constexpr std::array kDescribeExamples = {
    Example{"lodge describe api", "state, files and every setting"},
};
inline constexpr std::array kPidExamples = {
    Example{"kill -USR1 $(lodge pid api)", "a signal to the app"},
};

inline constexpr std::string_view kListDetails =
    "logs is what an app's log files take, rate what it writes to them in a "
    "second, now. The column dropped is there when lines were not kept, as "
    "log.overflow, "
    "log.on_full and log.rate allow. Below the table: what is stored; DISK "
    "FULL, when a log's disk has no room; degraded, while apps run "
    "that a keeper had started which was killed: how they end may stay "
    "unknown; safe mode, when no daemon came up. In safe mode one captures "
    "what "
    "apps write, starts and stops nothing, and once a minute makes way for "
    "another try; lodge.log in the home says what is wrong.";

}  // namespace cli::rows
