#pragma once
// What `lodge doctor` looks at: each look gives findings. They read and change
// nothing; those of a home need no daemon. Blocking, for moments.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/home.h"
#include "config/app_spec.h"
#include "control/message.h"

namespace cli {

struct Finding {
  enum class State {
    Ok,
    Note,  // worth knowing; nothing is wrong
    Bad,   // needs mending
  };
  State state = State::Ok;
  std::string_view check;  // "home", "modes", "disk", ...
  std::string says;
  std::string mend;  // what to type or do; empty when there is nothing
};
using Findings = std::vector<Finding>;
std::string_view state_name(Finding::State state);  // "ok", "note", "bad"

// doctor.cc. All looks; `line`: the command, for the daemon's diary.
Findings look_at_all(const base::Home& home, const std::string& line);
// Secrets masked.
std::string findings_text(const Findings& findings, bool color);
std::string findings_json(const Findings& findings);  // an object a line

// A file or directory of the home that others may look into.
struct WrongMode {
  std::string path;
  mode_t mode = 0;
  mode_t wanted = 0;
};
std::vector<WrongMode> wrong_modes(const base::Home& home);

// doctor_home.cc
Findings look_at_home(const base::Home& home);
Findings look_at_disk(const base::Home& home);
Findings look_at_settings(const base::Home& home);

// doctor_system.cc. `instances`: how many there are or will be; `daemon`: its
// pid, 0 = there is none.
Findings look_at_limits(size_t instances, int daemon);
Findings look_at_system(const base::Home& home);

// doctor_apps.cc. What the app list says; nullopt when it can't be read.
std::optional<std::vector<config::AppSpec>> listed_apps(const base::Home& home,
                                                        Findings& findings);
Findings look_at_apps(const std::vector<config::AppSpec>& apps);
Findings look_at_daemon(const control::PingReply& daemon);
// Where no daemon answers.
Finding look_for_keeper(const base::Home& home);

}  // namespace cli
