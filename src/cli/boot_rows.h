#pragma once
// The rows of commands.cc that are about what outlives the daemon and the
// machine. Part of that table: nobody else includes this.

#include <array>

#include "cli/commands.h"
#include "cli/snapshot_commands.h"
#include "cli/startup_command.h"

namespace cli::rows {

inline constexpr std::array kSaveNames = {std::string_view("dump")};
inline constexpr std::array kSaveFlags = {
    Flag{"force", 'f', "", "accepted for PM2's sake"},
};
inline constexpr std::array kSaveExamples = {
    Example{"lodge save before-upgrade", "a list to come back to"},
};
inline constexpr std::string_view kSaveDetails =
    "The list of apps is kept at every change and comes back by itself; a "
    "snapshot is for going back to an older one. Without a name it is called "
    "dump.";
inline constexpr std::array kResurrectFlags = {
    Flag{"boot", 0, "", "the list alone, as a boot unit has it"},
    Flag{"wait", 0, "TIME", "wait at most so long for the apps (default: 1m)"},
    Flag{"no-wait", 0, "", "return at once, not when they are ready"},
};
inline constexpr std::array kResurrectExamples = {
    Example{"lodge resurrect", "the daemon with its apps, after a reboot"},
    Example{"lodge resurrect before-upgrade", "the apps of that snapshot"},
};
inline constexpr std::string_view kResurrectDetails =
    "Starts a daemon when there is none: it brings the list back as it was, "
    "and what was stopped stays stopped. Then what is missing of the snapshot "
    "(dump, when there is one and none is named) is added as it was saved, "
    "under its old ids where they are free. Apps of the list stay as they "
    "are; when a snapshot is named, those that were up in it are started.";
inline constexpr std::array kCleardumpExamples = {
    Example{"lodge cleardump", "the snapshot that save without a name made"},
};
inline constexpr std::array kStartupFlags = {
    Flag{"user", 0, "", "a unit of this user's own systemd; needs no root"},
    Flag{"user-name", 'u', "USER", "for that user's apps (default: this one)"},
    Flag{"hp", 0, "HOME", "that user's home directory"},
    Flag{"service-name", 0, "NAME",
         "name of the unit (default: lodge-USER, or lodge)"},
    Flag{"dry-run", 0, "", "show unit and commands, change nothing"},
};
inline constexpr std::array kStartupExamples = {
    Example{"lodge startup", "with the init system that is there"},
    Example{"lodge startup --user", "without root"},
    Example{"lodge startup systemd -u deploy --hp /home/deploy",
            "as root, for another user"},
};
inline constexpr std::array kUnstartupExamples = {
    Example{"lodge unstartup", "the apps no longer come back at boot"},
};
inline constexpr std::string_view kStartupDetails =
    "Writes a unit that brings the apps back at boot and ends them gracefully "
    "at shutdown; as anyone but root, shows the command that does. With "
    "systemd, start of that unit restores the apps, reload is lodge update, "
    "stop ends every app. LODGE_HOME and PATH are recorded as they are now. A "
    "user's own unit runs without a login only after loginctl enable-linger.";

inline constexpr std::array kBootCommands = {
    Command{.name = "save",
            .aliases = kSaveNames,
            .group = Group::Daemon,
            .arguments = "[name]",
            .most_words = 1,
            .summary = "keep a snapshot of the list of apps",
            .details = kSaveDetails,
            .flags = kSaveFlags,
            .json = true,
            .examples = kSaveExamples,
            .run = run_save},
    Command{.name = "resurrect",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[name]",
            .most_words = 1,
            .summary = "bring the apps back: the list, or a snapshot",
            .details = kResurrectDetails,
            .flags = kResurrectFlags,
            .json = true,
            .examples = kResurrectExamples,
            .run = run_resurrect},
    Command{.name = "cleardump",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[name]",
            .most_words = 1,
            .summary = "remove a snapshot",
            .details = "",
            .flags = {},
            .json = true,
            .examples = kCleardumpExamples,
            .run = run_cleardump},
    Command{.name = "startup",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[systemd | openrc]",
            .most_words = 1,
            .summary = "have the apps come back at boot",
            .details = kStartupDetails,
            .flags = kStartupFlags,
            .json = true,
            .examples = kStartupExamples,
            .run = run_startup},
    Command{.name = "unstartup",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[systemd | openrc]",
            .most_words = 1,
            .summary = "remove the boot unit; what runs goes on",
            .details = "",
            .flags = kStartupFlags,
            .json = true,
            .examples = kUnstartupExamples,
            .run = run_unstartup},
};

}  // namespace cli::rows
