#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/target.h"
#include "cli/app_commands.h"
#include "cli/boot_rows.h"
#include "cli/completion_command.h"
#include "cli/config_commands.h"
#include "cli/daemon_commands.h"
#include "cli/describe_command.h"
#include "cli/doctor_command.h"
#include "cli/help.h"
#include "cli/list_commands.h"
#include "cli/list_rows.h"
#include "cli/log_rows.h"
#include "cli/pm2_words.h"
#include "cli/run_command.h"
#include "cli/settings_command.h"
#include "cli/start_command.h"
#include "cli/start_rows.h"
#include "cli/update_command.h"
#include "cli/verb_rows.h"
#include "cli/why_rows.h"

namespace cli {
namespace {

using Names = std::string_view;
using rows::kEnv;
using rows::kExclude;
using rows::kNoWait;
using rows::kOnly;
using rows::kTargetDetails;
using rows::kUpdateEnv;

constexpr Flag kJson = {"json", 0, "", "print JSON"};
constexpr std::array kCommon = {
    kJson,
    Flag{"home", 0, "DIR", "instead of $LODGE_HOME or ~/.lodge"},
    Flag{"no-color", 0, "", "no colours (also: NO_COLOR, or no terminal)"},
    Flag{"silent", 0, "", "print errors only"},
    Flag{"help", 'h', "", "help; -h is the short form"},
};

constexpr std::array kInitNames = {Names("ecosystem")};
constexpr std::array kInitFlags = {
    Flag{"js", 0, "", "ecosystem.config.js, as PM2's"}};
constexpr std::array kValidateFlags = {kOnly, kEnv};
constexpr std::array kValidateExamples = {
    Example{"lodge validate ecosystem.config.js --env production",
            "with the environment it is to have"},
};

constexpr std::array kDoctorFlags = {
    Flag{"fix", 0, "", "take away what others may do in the home"}};
constexpr std::array kDoctorExamples = {
    Example{"lodge doctor", "what is wrong, and how to mend it"},
};
constexpr std::string_view kDoctorDetails =
    "Looks at the home and its modes, the disk, limits of open files, pipes "
    "and inotify, cgroups, the boot unit, the daemon, each app's files and "
    "interpreter, and shows the settings. Needs no daemon. Exit code 1 when "
    "something needs mending; notes don't.";
constexpr std::array kKillExamples = {
    Example{"lodge kill", "every app ends, then lodge itself"},
};
constexpr std::array kSetExamples = {
    Example{"lodge set logs.cap 10G", "what all logs together may take"},
};
constexpr std::array kGetExamples = {
    Example{"lodge get", "every setting"},
};
constexpr std::array kUpdateExamples = {
    Example{"lodge update", "after a new version was installed"},
};
constexpr std::string_view kUpdateDetails =
    "The running daemon is replaced by the program that is asked: no app is "
    "restarted, no line is lost, pids stay. It refuses a program that can't go "
    "on with what the old one holds; when the new daemon does not come up "
    "three times, the old program runs on, and ping says why. When that does "
    "not come up either, it is safe mode: see list.";
constexpr std::string_view kPingDetails =
    "It also says whether it is degraded or in safe mode (see list), and why "
    "the last update went back.";
constexpr std::array kCompletionExamples = {
    Example{"source <(lodge completion bash)", "in ~/.bashrc"},
};
constexpr std::array kHelpFlags = {
    Flag{"man", 0, "", "the manual page, in roff"},
    Flag{"settings", 0, "", "every key of a configuration, in Markdown"},
};
constexpr std::array kVersionNames = {Names("-v"), Names("--version")};

constexpr std::array kAppCommands = {
    Command{.name = "start",
            .aliases = {},
            .group = Group::Run,
            .arguments = "[script | \"command line\" | app | config file]",
            .summary = "start an app, and the daemon when there is none",
            .details = rows::kStartDetails,
            .flags = rows::kStartFlags,
            .json = true,
            .passes_rest = true,
            .examples = rows::kStartExamples,
            .run = run_start},
    Command{.name = "run",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<script | \"command line\" | config file>",
            .least_words = 1,
            .summary = "run apps in the foreground, for containers",
            .details = rows::kRunDetails,
            .flags = rows::kRunFlags,
            .passes_rest = true,
            .examples = rows::kRunExamples,
            .run = run_in_foreground},
    Command{.name = "stop",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "stop apps; they stay in the list",
            .details = kTargetDetails,
            .flags = rows::kStopFlags,
            .json = true,
            .examples = rows::kStopExamples,
            .run = run_stop},
    Command{.name = "restart",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "stop and start apps",
            .details = kTargetDetails,
            .flags = rows::kRestartFlags,
            .json = true,
            .examples = rows::kRestartExamples,
            .run = run_restart},
    Command{.name = "delete",
            .aliases = rows::kDeleteNames,
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "stop apps and forget them; their logs stay",
            .details = kTargetDetails,
            .flags = rows::kDeleteFlags,
            .json = true,
            .examples = rows::kDeleteExamples,
            .run = run_delete},
    Command{.name = "list",
            .aliases = rows::kListNames,
            .group = Group::Look,
            .arguments = "[target…]",
            .summary = "status, uptime, restarts, cpu, memory, logs of all",
            .details = rows::kListDetails,
            .flags = rows::kListFlags,
            .json = true,
            .examples = rows::kListExamples,
            .run = run_list},
    Command{.name = "jlist",
            .aliases = {},
            .group = Group::Look,
            .arguments = "",
            .most_words = 0,
            .summary = "the list as JSON in the shape of PM2",
            .details = "",
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_jlist},
    Command{.name = "prettylist",
            .aliases = {},
            .group = Group::Look,
            .arguments = "",
            .most_words = 0,
            .summary = "jlist, laid out to be read",
            .details = "",
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_jlist},
    Command{.name = "describe",
            .aliases = rows::kDescribeNames,
            .group = Group::Look,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "all about an app, with every setting",
            .details = kTargetDetails,
            .flags = rows::kDescribeFlags,
            .json = true,
            .examples = rows::kDescribeExamples,
            .run = run_describe},
    Command{.name = "pid",
            .aliases = {},
            .group = Group::Look,
            .arguments = "[target…]",
            .summary = "process ids, one a line",
            .details = kTargetDetails,
            .flags = rows::kStopFlags,
            .json = true,
            .examples = rows::kPidExamples,
            .run = run_pid},
};

constexpr std::array kDaemonCommands = {
    Command{.name = "validate",
            .aliases = {},
            .group = Group::Run,
            .arguments = "[config file]",
            .summary = "check a configuration file; 2 when it has a fault",
            .details = "",
            .flags = kValidateFlags,
            .json = true,
            .examples = kValidateExamples,
            .run = run_validate},
    Command{.name = "init",
            .aliases = kInitNames,
            .group = Group::Run,
            .arguments = "",
            .most_words = 0,
            .summary = "write a commented configuration file",
            .details = "",
            .flags = kInitFlags,
            .json = false,
            .examples = {},
            .run = run_init},
    Command{.name = "ping",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "is the daemon alive?",
            .details = kPingDetails,
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_ping},
    Command{.name = "kill",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "stop every app, then the daemon",
            .details = "",
            .flags = {},
            .json = true,
            .examples = kKillExamples,
            .run = run_kill},
    Command{.name = "update",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "the daemon becomes this lodge; no app notices",
            .details = kUpdateDetails,
            .flags = {},
            .json = true,
            .examples = kUpdateExamples,
            .run = run_update},
    Command{.name = "doctor",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "what is wrong, and how to mend it",
            .details = kDoctorDetails,
            .flags = kDoctorFlags,
            .json = true,
            .examples = kDoctorExamples,
            .run = run_doctor},
    Command{.name = "set",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "<key> <value>",
            .least_words = 2,
            .most_words = 2,
            .summary = "change a setting of lodge itself",
            .details =
                "An empty value (\"\") takes it back to its default. The "
                "daemon notices within a second.",
            .flags = {},
            .json = true,
            .examples = kSetExamples,
            .run = run_set},
    Command{.name = "get",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[key]",
            .most_words = 1,
            .summary = "settings of lodge itself, and where they are from",
            .details = "",
            .flags = {},
            .json = true,
            .examples = kGetExamples,
            .run = run_get},
    Command{.name = "version",
            .aliases = kVersionNames,
            .group = Group::Daemon,
            .arguments = "",
            .most_words = 0,
            .summary = "print the version",
            .details = "",
            .flags = {},
            .json = true,
            .examples = {},
            .run = run_version},
    Command{.name = "completion",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "<bash | zsh | fish>",
            .least_words = 1,
            .most_words = 1,
            .summary = "what a shell completes of lodge",
            .details = "",
            .flags = {},
            .json = false,
            .examples = kCompletionExamples,
            .run = run_completion},
    Command{.name = "help",
            .aliases = {},
            .group = Group::Daemon,
            .arguments = "[command | incident | disk | pm2]",
            .most_words = 1,
            .summary = "help on a command, or in a situation",
            .details = "",
            .flags = kHelpFlags,
            .json = false,
            .examples = {},
            .run = run_help},
};

// In the order of help.
constexpr auto make_commands() {
  std::array<Command, kAppCommands.size() + rows::kVerbCommands.size() +
                          rows::kWhyCommands.size() +
                          rows::kLogCommands.size() +
                          rows::kBootCommands.size() + kDaemonCommands.size()>
      all{};
  // Each group in one piece.
  const auto is_run = [](const Command& command) {
    return command.group == Group::Run;
  };
  auto at = std::ranges::copy_if(kAppCommands, all.begin(), is_run).out;
  at = std::ranges::copy_if(rows::kVerbCommands, at, is_run).out;
  at = std::ranges::copy_if(kAppCommands, at, std::not_fn(is_run)).out;
  at = std::ranges::copy_if(rows::kVerbCommands, at, std::not_fn(is_run)).out;
  at = std::ranges::copy(rows::kWhyCommands, at).out;
  at = std::ranges::copy(rows::kLogCommands, at).out;
  at = std::ranges::copy(rows::kBootCommands, at).out;
  std::ranges::copy(kDaemonCommands, at);
  return all;
}
constexpr auto kCommands = make_commands();

}  // namespace

std::string_view group_title(Group group) {
  switch (group) {
    case Group::Run:
      return "Run apps";
    case Group::Look:
      return "Look at them";
    case Group::Logs:
      return "Logs";
    case Group::Daemon:
      return "Lodge itself";
  }
  return {};
}

std::span<const Command> commands() {
  return kCommands;
}

namespace {

// "sendsignal" and "send-signal" are sendSignal.
bool is_spelling_of(std::string_view word, std::string_view name) {
  size_t at = 0;
  for (const char c : word) {
    if (c == '-') continue;
    if (at == name.size()) return false;
    const char known = name[at++];
    const bool upper = known >= 'A' && known <= 'Z';
    if (c != known && !(upper && c == known - 'A' + 'a')) return false;
  }
  return at == name.size();
}

}  // namespace

const Command* find_command(std::string_view word) {
  word = name_of_pm2s(word);
  for (const auto& command : kCommands)
    if (command.name == word ||
        std::ranges::find(command.aliases, word) != command.aliases.end())
      return &command;
  if (word.starts_with('-')) return nullptr;
  for (const auto& command : kCommands) {
    if (is_spelling_of(word, command.name)) return &command;
    for (const auto alias : command.aliases)
      if (is_spelling_of(word, alias)) return &command;
  }
  return nullptr;
}

base::Error unknown_command(std::string_view word) {
  if (const auto instead = instead_of_pm2s(word); !instead.empty())
    return {base::Errc::Invalid, 0,
            fmt::format("{}: PM2's, not a command of lodge", word),
            std::string(instead)};
  if (const auto instead = instead_of_pm2s_flag("", word); !instead.empty())
    return {base::Errc::Invalid, 0,
            fmt::format("{}: PM2's, not a flag of lodge", word),
            std::string(instead)};
  std::vector<std::string> known;
  for (const auto& command : kCommands) {
    known.emplace_back(command.name);
    for (const auto alias : command.aliases)
      if (alias.size() > 1) known.emplace_back(alias);
  }
  const auto nearest = base::nearest_word(word, known);
  return {base::Errc::Invalid, 0, fmt::format("{}: no such command", word),
          nearest.empty() ? "every command: lodge help"
                          : fmt::format("did you mean {}?", nearest)};
}

std::span<const Flag> common_flags(const Command& command) {
  return std::span(kCommon).subspan(command.json ? 0 : 1);
}

}  // namespace cli
