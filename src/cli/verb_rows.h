#pragma once
// The rows of commands.cc that are the smaller verbs. Part of that table:
// nobody else includes this.

#include <array>

#include "cli/attach_command.h"
#include "cli/commands.h"
#include "cli/log_rows.h"
#include "cli/verb_commands.h"

namespace cli::rows {

inline constexpr Flag kNewEnv = {"update-env", 'a', "",
                                 "take over this shell's environment"};
inline constexpr Flag kAtOnce = {"no-wait", 0, "",
                                 "return at once, not when it is ready"};

inline constexpr std::array kScaleFlags = {kAtOnce};
inline constexpr std::array kScaleExamples = {
    Example{"lodge scale api 4", "four instances"},
    Example{"lodge scale api +2", "two more"},
    Example{"lodge scale api -1", "one fewer: the highest number goes"},
};
inline constexpr std::string_view kScaleDetails =
    "Instances that stay are left alone. The logs of those that go stay, and "
    "are gone on with when their number comes back.";

inline constexpr std::array kReloadFlags = {kNewEnv, kExclude};
inline constexpr std::string_view kReloadDetails =
    "Restarts the instances one by one and waits until each is ready; after "
    "one that fails the others are left as they are. An app of one instance is "
    "away for as long as it takes to start.";
inline constexpr std::array kReloadExamples = {
    Example{"lodge reload api", "one instance after the other"},
};
inline constexpr std::array kStartOrFlags = {
    kNewEnv, kAtOnce, Flag{"wait", 0, "TIME", "wait at most so long"}};
inline constexpr std::string_view kStartOrDetails =
    "What does not run is started, as by lodge start; what runs is restarted, "
    "changed or not.";
inline constexpr std::array kStartOrExamples = {
    Example{"lodge startOrRestart api web", "up, and freshly so"},
};

inline constexpr std::array kTargetFlags = {kExclude};
inline constexpr std::array kResetExamples = {
    Example{"lodge reset api", "restarts: 0"},
};
inline constexpr std::string_view kSignalDetails =
    "A signal is a name with or without SIG, in any case, or a number; it goes "
    "to the main process of each. What it ends is restarted: to stop an app, "
    "lodge stop.";
inline constexpr std::array kSignalExamples = {
    Example{"lodge sendSignal SIGUSR2 api", "to every instance of api"},
    Example{"lodge sendSignal hup id:3", "to one"},
};
inline constexpr std::array kSendExamples = {
    Example{"lodge send 0 'reload config'", "a line for its stdin"},
};
inline constexpr std::array kAttachExamples = {
    Example{"lodge attach api", "type, and see what it says; Ctrl-C detaches"},
};
inline constexpr std::string_view kAttachDetails =
    "Lines that are typed go to the app's stdin; what it writes to stdout and "
    "stderr is shown as it comes, through restarts. Ctrl-C or Ctrl-D detaches "
    "and leaves the app alone. When stdin is no terminal its end does not: "
    "what the app says is followed until Ctrl-C.";
inline constexpr std::array kEnvFlags = {
    Flag{"show-secrets", 0, "", "values that look secret, too"}, kExclude};
inline constexpr std::string_view kEnvDetails =
    "What an instance is started with. Values of variables whose names look "
    "secret (KEY, TOKEN, SECRET, PASS, AUTH, COOKIE, CREDENTIAL), and "
    "passwords in addresses, are shown as ***.";
inline constexpr std::array kEnvExamples = {
    Example{"lodge env api", "its variables, secrets masked"},
    Example{"lodge env api --json | jq .env.PORT", "one of them"},
};
inline constexpr std::array kIdExamples = {
    Example{"lodge id api", "of each instance, one a line"},
};

inline constexpr std::array kVerbCommands = {
    Command{.name = "scale",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<app> <n | +n | -n>",
            .least_words = 2,
            .most_words = 2,
            .summary = "change the number of instances",
            .details = kScaleDetails,
            .flags = kScaleFlags,
            .json = true,
            .examples = kScaleExamples,
            .run = run_scale},
    Command{.name = "reload",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "restart instances one by one",
            .details = kReloadDetails,
            .flags = kReloadFlags,
            .json = true,
            .examples = kReloadExamples,
            .run = run_reload},
    Command{.name = "startOrRestart",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<app…>",
            .least_words = 1,
            .summary = "start what does not run, restart what does",
            .details = kStartOrDetails,
            .flags = kStartOrFlags,
            .json = true,
            .examples = kStartOrExamples,
            .run = run_start_or_restart},
    Command{.name = "startOrReload",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<app…>",
            .least_words = 1,
            .summary = "start what does not run, reload what does",
            .details = kStartOrDetails,
            .flags = kStartOrFlags,
            .json = true,
            .examples = {},
            .run = run_start_or_reload},
    Command{.name = "reset",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "restart counters to zero",
            .details = kTargetDetails,
            .flags = kTargetFlags,
            .json = true,
            .examples = kResetExamples,
            .run = run_reset},
    Command{.name = "sendSignal",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<signal> <target…>",
            .least_words = 2,
            .summary = "send a signal",
            .details = kSignalDetails,
            .flags = kTargetFlags,
            .json = true,
            .examples = kSignalExamples,
            .run = run_send_signal},
    Command{.name = "send",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<id> <line>",
            .least_words = 2,
            .summary = "send a line to an app's stdin",
            .details = kTargetDetails,
            .flags = {},
            .json = true,
            .examples = kSendExamples,
            .run = run_send},
    Command{.name = "attach",
            .aliases = {},
            .group = Group::Run,
            .arguments = "<id>",
            .least_words = 1,
            .most_words = 1,
            .summary = "this terminal becomes an app's",
            .details = kAttachDetails,
            .flags = {},
            .json = false,
            .examples = kAttachExamples,
            .run = run_attach},
    Command{.name = "env",
            .aliases = {},
            .group = Group::Look,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "the environment an app is started with",
            .details = kEnvDetails,
            .flags = kEnvFlags,
            .json = true,
            .examples = kEnvExamples,
            .run = run_env},
    Command{.name = "id",
            .aliases = {},
            .group = Group::Look,
            .arguments = "<target…>",
            .least_words = 1,
            .summary = "ids of an app's instances, one a line",
            .details = kTargetDetails,
            .flags = kTargetFlags,
            .json = true,
            .examples = kIdExamples,
            .run = run_id},
};

}  // namespace cli::rows
