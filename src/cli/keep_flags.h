#pragma once
// The flags of `start` about how an app is ended and when it is restarted
// unasked: their rows, and what they say in the keys of the app configuration.

#include <array>
#include <nlohmann/json_fwd.hpp>

#include "cli/args.h"
#include "cli/commands.h"

namespace cli {

inline constexpr std::array kKeepFlags = {
    Flag{"kill-signal", 0, "SIGNAL", "the polite one (default: SIGINT)"},
    Flag{"no-treekill", 0, "",
         "signals for its first process; what is left lives"},
    Flag{"no-autostart", 0, "", "list it, and leave it stopped"},
    Flag{"errored-retry", 0, "TIME",
         "until an errored one is tried again (default: 5m)"},
    Flag{"exp-backoff-restart-delay", 0, "TIME",
         "first wait, which grows by half each time"},
    Flag{"cron-restart", 'c', "TIMES",
         "restart it at these times: '0 3 * * *'; 0: never"},
    Flag{"cron", 0, "TIMES", "the same, as PM2 calls it"},
    Flag{"cron-tz", 0, "ZONE", "... in this time zone (default: lodge's)"},
    Flag{"watch", 0, "PATHS", "restart it when its files change; or these: a,b",
         true},
    Flag{"ignore-watch", 0, "GLOBS", "... but these; dot files never count"},
    Flag{"watch-delay", 0, "TIME",
         "... after a quiet time of this (default: 200ms)"},
    Flag{"max-memory-restart", 0, "SIZE",
         "restart it when its processes hold more: 300M"},
    Flag{"pid", 'p', "FILE", "write its pid there"},
};

// Adds what the flags say to a definition. Errc::Invalid names the key.
base::Status read_keep_flags(const Args& args, nlohmann::ordered_json& json);

}  // namespace cli
