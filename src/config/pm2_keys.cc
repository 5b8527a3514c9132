#include "config/pm2_keys.h"

#include <algorithm>
#include <array>

namespace config {
namespace {

// A key of that name in the table of keys comes first: then it is honoured.
constexpr auto kWarned = std::to_array<Warned>({
    {"vizion", "no version control is looked at"},
    {"pmx", "nothing is injected into the app"},
    {"automation", "nothing is injected into the app"},
    {"trace", "nothing is injected into the app"},
    {"disable_trace", "nothing is injected into the app"},
    {"deep_monitoring", "nothing is injected into the app"},
    {"io", "nothing is injected into the app"},
    {"v8", "nothing is injected into the app"},
    {"event_loop_inspector", "nothing is injected into the app"},
    {"source_map_support",
     "node does it itself: interpreter_args: \"--enable-source-maps\""},
    {"disable_source_map_support", "nothing is injected into the app"},
    {"windowsHide", "there are no windows"},
    {"kill_retry_time", "the end of a process is seen at once, not polled for"},
    {"log_date_format",
     "every line has a stamp on disk; shown so: lodge logs --timestamp FORMAT"},
    {"force", "names are unique; several copies: instances"},
    {"write", "there is no server for it"},
    {"install_url", "nothing is installed"},
    {"execute_command", "a command line is seen by its spaces"},
    {"post_update", "nothing is deployed here"},
    {"log.dateFormat", "sealed files have names of their own"},
    {"log.workerInterval", "a size is acted on when it is reached"},
    {"log.rotateModule", "lodge's own log rotates anyway"},
});

constexpr auto kShorthands = std::to_array<Shorthand>({
    {"env_NAME", "variables that `--env NAME` lays over `env`"},
    {"port", "the variable PORT in `env`"},
    {"name_prefix", "before the name"},
    {"append_env_to_name", "`true`: NAME of `--env NAME` behind the name"},
    {"log_type", "`json`: as `log.stamp: json`"},
});

}  // namespace

std::span<const Warned> warned_keys() {
  return kWarned;
}

const Warned* find_warned(std::string_view name) {
  const auto found = std::ranges::find(kWarned, name, &Warned::name);
  return found == kWarned.end() ? nullptr : &*found;
}

std::span<const Shorthand> shorthands() {
  return kShorthands;
}

bool is_shorthand(std::string_view name) {
  return std::ranges::find(kShorthands, name, &Shorthand::name) !=
         kShorthands.end();
}

}  // namespace config
